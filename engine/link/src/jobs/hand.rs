//! A stream, handed to another process over a socket: `SCM_RIGHTS` of unix(7).

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

/// What comes with a stream: without a byte nothing is sent.
const JOB: u8 = b'j';

/// Hands `stream` to whoever has the other end of `control`.
///
/// # Errors
/// It is gone.
pub fn hand_over(control: &UnixStream, stream: BorrowedFd<'_>) -> io::Result<()> {
    let streams = [stream];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(&streams)) {
        return Err(io::Error::other("no room for a descriptor"));
    }
    loop {
        let sent = sendmsg(
            control.as_fd(),
            &[IoSlice::new(&[JOB])],
            &mut ancillary,
            SendFlags::empty(),
        );
        match sent {
            Err(rustix::io::Errno::INTR) => {}
            sent => return sent.map(drop).map_err(Into::into),
        }
    }
}

/// The next stream that was handed over; waits for it. `None` once the other end is closed.
///
/// # Errors
/// What came is no stream, or the socket is broken.
pub fn take(control: &UnixStream) -> io::Result<Option<UnixStream>> {
    let mut byte = [0];
    // Room for one more than is ever sent, so that nothing is cut off unseen.
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    #[cfg(target_os = "linux")]
    let flags = RecvFlags::CMSG_CLOEXEC;
    #[cfg(not(target_os = "linux"))]
    let flags = RecvFlags::empty();
    let received = loop {
        let mut into = [IoSliceMut::new(&mut byte)];
        match recvmsg(control.as_fd(), &mut into, &mut ancillary, flags) {
            Err(rustix::io::Errno::INTR) => {}
            received => break received?,
        }
    };
    if received.bytes == 0 {
        return Ok(None);
    }
    let mut streams: Vec<OwnedFd> = ancillary
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(streams) => Some(streams),
            _ => None,
        })
        .flatten()
        .collect();
    match (byte, streams.pop(), streams.is_empty()) {
        ([JOB], Some(stream), true) => Ok(Some(UnixStream::from(stream))),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the hub sent something that is no job",
        )),
    }
}
