//! Models of Kokoro's shape that nobody has trained: a graph of eight operators, whose sound tells what it was
//! given, and tables of voices. They say nothing about speed.

use std::{f32::consts::PI, fs, io, path::Path};

/// Samples for each token.
pub const TOKEN_SAMPLES: usize = 600;
/// Rows and columns of a voice table.
const ROWS: usize = 510;
const COLUMNS: usize = 256;

/// ONNX's names of element types.
const FLOAT: u64 = 1;
const INT32: u64 = 6;
const INT64: u64 = 7;

/// What a model is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// As Kokoro's publishers export it.
    #[default]
    Kokoro,
    /// As others do: `input_ids`, and a speed in whole numbers.
    WholeSpeed,
    /// Of three inputs, none of which is Kokoro's.
    Other,
    /// It makes no numbers.
    NotANumber,
    /// It fails at pieces of fewer than 20 tokens with their frame.
    Brittle,
}

/// What a token sounds like in a piece of so many, at a speed: [`TOKEN_SAMPLES`] samples.
pub fn sound(token: i64, piece: usize, speed: f32) -> Vec<f32> {
    let given = token as f32 + style(piece - 1);
    (0..TOKEN_SAMPLES)
        .map(|sample| (given * weight(sample)).sin() / speed)
        .collect()
}

/// Every number of a row.
fn style(row: usize) -> f32 {
    0.5 + row as f32 * 0.001
}

fn weight(sample: usize) -> f32 {
    (sample % 7 + 1) as f32 * PI / 100.0
}

/// Writes `kokoro.onnx` and tables of these voices.
///
/// # Errors
/// The folder cannot be written.
pub fn write(folder: &Path, shape: Shape, voices: &[&str]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("kokoro.onnx"), graph(shape))?;
    let row = |row| std::iter::repeat_n(style(row), COLUMNS);
    let numbers = (0..ROWS).flat_map(row);
    let table: Vec<u8> = numbers.flat_map(f32::to_le_bytes).collect();
    for voice in voices {
        fs::write(folder.join(format!("{voice}.bin")), &table)?;
    }
    Ok(())
}

/// The file of a model.
pub fn graph(shape: Shape) -> Vec<u8> {
    let (tokens, style, speed) = match shape {
        Shape::Kokoro | Shape::NotANumber | Shape::Brittle => ("tokens", "style", "speed"),
        Shape::WholeSpeed => ("input_ids", "style", "speed"),
        Shape::Other => ("image", "mask", "threshold"),
    };
    let speed_type = match shape {
        Shape::WholeSpeed => INT32,
        _ => FLOAT,
    };
    let weights = (0..TOKEN_SAMPLES).map(|sample| match shape {
        Shape::NotANumber => f32::NAN,
        _ => weight(sample),
    });
    let mut graph = Message::default();
    let mut node = |operator: &str, inputs: &[&str], output: &str, to_float: bool| {
        let mut node = Message::default();
        inputs.iter().for_each(|input| node.text(1, input));
        node.text(2, output);
        node.text(4, operator);
        if to_float {
            let mut attribute = Message::default();
            attribute.text(1, "to");
            attribute.number(3, FLOAT);
            attribute.number(20, 2);
            node.message(5, &attribute);
        }
        graph.message(1, &node);
    };
    node("Cast", &[tokens], "numbers", true);
    node("Reshape", &["numbers", "column"], "rows", false);
    node("MatMul", &[style, "mean"], "voice", false);
    node("Add", &["rows", "voice"], "given", false);
    let given = match shape {
        Shape::Brittle => {
            node("Gather", &["rows", "nineteen"], "picked", false);
            node("Add", &["given", "picked"], "broken", false);
            "broken"
        }
        _ => "given",
    };
    node("MatMul", &[given, "weights"], "angles", false);
    node("Sin", &["angles"], "waves", false);
    node("Cast", &[speed], "pace", true);
    node("Div", &["waves", "pace"], "paced", false);
    node("Reshape", &["paced", "row"], "audio", false);
    graph.text(2, "kokoro");
    let mut tensor = |name: &str, dimensions: &[u64], kind: u64, data: Vec<u8>| {
        let mut tensor = Message::default();
        dimensions
            .iter()
            .for_each(|length| tensor.number(1, *length));
        tensor.number(2, kind);
        tensor.text(8, name);
        tensor.bytes(9, &data);
        graph.message(5, &tensor);
    };
    let whole = |numbers: &[i64]| numbers.iter().flat_map(|it| it.to_le_bytes()).collect();
    tensor("column", &[2], INT64, whole(&[-1, 1]));
    tensor("row", &[2], INT64, whole(&[1, -1]));
    tensor("nineteen", &[1], INT64, whole(&[19]));
    let mean = [1.0 / COLUMNS as f32; COLUMNS]
        .iter()
        .flat_map(|it| it.to_le_bytes())
        .collect();
    tensor("mean", &[COLUMNS as u64, 1], FLOAT, mean);
    tensor(
        "weights",
        &[1, TOKEN_SAMPLES as u64],
        FLOAT,
        weights.flat_map(f32::to_le_bytes).collect(),
    );
    let mut end = |field: u64, name: &str, kind: u64, dimensions: &[Option<u64>]| {
        let mut shape = Message::default();
        for length in dimensions {
            let mut dimension = Message::default();
            match length {
                Some(length) => dimension.number(1, *length),
                None => dimension.text(2, "n"),
            }
            shape.message(1, &dimension);
        }
        let (mut tensor, mut kind_of, mut value) = <(Message, Message, Message)>::default();
        tensor.number(1, kind);
        tensor.message(2, &shape);
        kind_of.message(1, &tensor);
        value.text(1, name);
        value.message(2, &kind_of);
        graph.message(field, &value);
    };
    end(11, tokens, INT64, &[Some(1), None]);
    end(11, style, FLOAT, &[Some(1), Some(COLUMNS as u64)]);
    end(11, speed, speed_type, &[Some(1)]);
    end(12, "audio", FLOAT, &[Some(1), None]);
    let (mut model, mut operators) = <(Message, Message)>::default();
    model.number(1, 8);
    model.message(7, &graph);
    operators.number(2, 17);
    model.message(8, &operators);
    model.0
}

/// A message of protocol buffers, as ONNX is written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn number(&mut self, field: u64, number: u64) {
        self.varint(field << 3);
        self.varint(number);
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn message(&mut self, field: u64, message: &Message) {
        self.bytes(field, &message.0);
    }
}
