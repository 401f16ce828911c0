//! Frames about nodes.

use loqa_protocol::{ClientFrame, NodeEdit, NodeId};

pub fn client() -> Vec<(&'static str, ClientFrame)> {
    let node = NodeId([9; 32]);
    vec![
        ("nodes", ClientFrame::Nodes { id: 3, on: true }),
        ("pairing_open", edit(NodeEdit::Open)),
        ("pairing_given", edit(NodeEdit::Given("4082 1957".into()))),
        ("pairing_accept", edit(NodeEdit::Accept(node))),
        ("pairing_close", edit(NodeEdit::Close)),
        (
            "node_set",
            edit(NodeEdit::Set {
                node,
                name: Some("Kitchen".into()),
                room: None,
            }),
        ),
        ("node_revoke", edit(NodeEdit::Revoke(node))),
    ]
}

fn edit(edit: NodeEdit) -> ClientFrame {
    ClientFrame::EditNodes {
        id: 3,
        pin: "1815".into(),
        edit,
    }
}
