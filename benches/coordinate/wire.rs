//! As much of PostgreSQL's protocol as one statement needs, so that a connection per call is
//! measured without a client library around it.

use std::io::{Error, Read, Result, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Version 3.0.
const PROTOCOL: i32 = 196_608;

/// A connection that somebody was let in by without a password.
pub(crate) struct Connection(UnixStream);

impl Connection {
    /// Connects and waits until the server is ready.
    pub(crate) fn open(socket: &Path) -> Result<Self> {
        let mut connection = Connection(UnixStream::connect(socket)?);
        let mut body = PROTOCOL.to_be_bytes().to_vec();
        body.extend(b"user\0bench\0database\0postgres\0\0");
        connection.0.write_all(&framed(&body))?;
        connection.ready()?;
        Ok(connection)
    }

    /// Runs a statement to its end.
    pub(crate) fn run(&mut self, sql: &str) -> Result<()> {
        self.send(b'Q', format!("{sql}\0").as_bytes())?;
        self.ready()
    }

    /// Says goodbye.
    pub(crate) fn close(mut self) -> Result<()> {
        self.send(b'X', b"")
    }

    fn send(&mut self, kind: u8, body: &[u8]) -> Result<()> {
        let mut message = vec![kind];
        message.extend(framed(body));
        self.0.write_all(&message)
    }

    /// Passes over messages until the server is ready for the next statement.
    fn ready(&mut self) -> Result<()> {
        loop {
            let mut head = [0; 5];
            self.0.read_exact(&mut head)?;
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
            let length = usize::try_from(length).map_err(Error::other)?;
            let mut body = vec![0; length.saturating_sub(4)];
            self.0.read_exact(&mut body)?;
            match head[0] {
                b'Z' => return Ok(()),
                b'E' => return Err(Error::other(String::from_utf8_lossy(&body).into_owned())),
                _ => {}
            }
        }
    }
}

/// The length, which counts itself, and the bytes.
fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&length.to_be_bytes()[..], body].concat()
}
