//! Tries to get out of the process, and says how each try went: the proof that it is shut in.

use std::{
    fs, io,
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::net::UnixStream,
    process::Command,
};

/// Every try by name; none may succeed.
pub fn tries() -> Vec<(&'static str, io::Result<()>)> {
    let path = std::env::temp_dir().join(format!("loqa-probe-{}", std::process::id()));
    vec![
        ("read a file", fs::read("/etc/hostname").map(drop)),
        ("read itself", fs::read("/proc/self/environ").map(drop)),
        ("list a folder", fs::read_dir("/").map(drop)),
        ("write a file", fs::write(&path, "out")),
        ("remove a file", fs::remove_file(&path)),
        ("connect", TcpStream::connect("127.0.0.1:9").map(drop)),
        ("listen", TcpListener::bind("127.0.0.1:0").map(drop)),
        ("send a datagram", UdpSocket::bind("127.0.0.1:0").map(drop)),
        (
            "reach a socket",
            UnixStream::connect("/run/dbus/system_bus_socket").map(drop),
        ),
        (
            "start a program",
            Command::new("/bin/true").spawn().map(drop),
        ),
    ]
}
