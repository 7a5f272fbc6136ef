//! The lines of JSON on standard input and output, as the transport that the SDK talks through.
//!
//! One thread reads, one writes, so that a client that does not read its answers stops nobody. A
//! line that is no message is answered as JSON-RPC says and forgotten; nothing that comes in can
//! end the server but the end of the input or a signal.

use std::future::Future;
use std::io::{BufRead, ErrorKind};
use std::sync::mpsc as sync;
use std::thread;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{ClientRequest, GetMeta};
use rmcp::model::{ErrorCode, ErrorData, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::mpsc;

use crate::base::json::{self, Value};
use crate::base::{Error, Result};
use crate::commands::ui::{self, Ui};
use crate::os::signal;

/// A longer message is refused without being kept.
const LINE_MAX: usize = 4 << 20;
/// Messages that are read ahead.
const AHEAD_MAX: usize = 64;
/// How long the last answers may take to be read by the client.
const FLUSH: Duration = Duration::from_secs(2);

type Incoming = RxJsonRpcMessage<RoleServer>;
type Outgoing = TxJsonRpcMessage<RoleServer>;

/// What came in.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Line(Vec<u8>),
    TooLong,
    /// The end of the input, or a signal: nothing more is read.
    Stop,
}

/// One end of the conversation.
pub(super) struct Wire {
    heard: mpsc::Receiver<Heard>,
    out: sync::Sender<String>,
    ui: Ui,
    is_open: bool,
}

/// Waits for the last answers to be written.
pub(super) struct Written(sync::Receiver<()>);

impl Wire {
    /// Begins to read and write.
    ///
    /// # Errors
    /// Signals cannot be heard.
    pub(super) fn open(ui: Ui) -> Result<(Self, Written)> {
        let (say, heard) = mpsc::channel(AHEAD_MAX);
        let (out, lines) = sync::channel::<String>();
        let (done, written) = sync::channel();
        let stop = say.clone();
        signal::on_stop(move || drop(stop.blocking_send(Heard::Stop)))?;
        thread::spawn(move || {
            listen(&mut std::io::stdin().lock(), |heard| {
                say.blocking_send(heard).is_ok()
            });
            // The thread that hears signals may still speak, so the end has to be said.
            let _ = say.blocking_send(Heard::Stop);
        });
        thread::spawn(move || {
            for line in lines {
                ui::stream(&line);
            }
            let _ = done.send(());
        });
        let wire = Wire {
            heard,
            out,
            ui,
            is_open: false,
        };
        Ok((wire, Written(written)))
    }

    /// Answers to something that never reaches the SDK.
    fn refuse(&mut self, wrong: Wrong) {
        let Wrong { code, id, why } = wrong;
        self.ui.detail(&format!("refused a message: {why}"));
        let error = ErrorData::new(code, why, None);
        let message: Outgoing = JsonRpcMessage::error(error, id);
        if let Ok(line) = json::line(&message) {
            drop(self.out.send(line));
        }
    }

    /// Before the first request opens the conversation, the SDK takes nothing but requests.
    fn admits(&mut self, message: &Incoming) -> bool {
        if let JsonRpcMessage::Request(asked) = message {
            let is_first = matches!(asked.request, ClientRequest::InitializeRequest(_));
            self.is_open |= is_first || asked.request.get_meta().protocol_version().is_some();
            return true;
        }
        self.is_open
    }
}

impl Written {
    /// Waits for them, but not for a client that does not read.
    pub(super) fn wait(self) {
        let _ = self.0.recv_timeout(FLUSH);
    }
}

impl Transport<RoleServer> for Wire {
    type Error = Error;

    fn send(&mut self, item: Outgoing) -> impl Future<Output = Result<()>> + Send + 'static {
        let line = json::line(&item);
        let out = self.out.clone();
        async move {
            let gone = |_| Error::busy("gone", "nobody reads the answers");
            out.send(line?).map_err(gone)
        }
    }

    async fn receive(&mut self) -> Option<Incoming> {
        loop {
            let read = match self.heard.recv().await? {
                Heard::Stop => return None,
                Heard::TooLong => Err(Wrong {
                    code: ErrorCode::INVALID_REQUEST,
                    id: None,
                    why: format!("a message is longer than {LINE_MAX} bytes"),
                }),
                Heard::Line(line) => read(&line),
            };
            match read {
                Ok(Some(message)) if self.admits(&message) => return Some(message),
                Ok(_) => self.ui.detail("passed over a message"),
                Err(wrong) => self.refuse(wrong),
            }
        }
    }

    async fn close(&mut self) -> Result<()> {
        self.heard.close();
        Ok(())
    }
}

/// A message that is none.
#[derive(Debug)]
struct Wrong {
    code: ErrorCode,
    id: Option<RequestId>,
    why: String,
}

/// Reads one line; `None` where nothing has to be answered.
fn read(line: &[u8]) -> Result<Option<Incoming>, Wrong> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let why = match json::parse_as::<Incoming>(line) {
        Ok(message) => {
            return match misfit(&message) {
                Some(wrong) => Err(wrong),
                None => Ok(Some(message)),
            };
        }
        Err(error) => error.message().to_owned(),
    };
    let Ok(value) = json::parse(line) else {
        return Err(Wrong {
            code: ErrorCode::PARSE_ERROR,
            id: None,
            why: "the line is not JSON".to_owned(),
        });
    };
    // Whoever asks nothing gets no answer.
    if value.get("method").is_some_and(Value::is_string) && value.get("id").is_none() {
        return Ok(None);
    }
    let id = match value.get("id") {
        Some(Value::String(id)) => Some(RequestId::String(id.as_str().into())),
        Some(Value::Number(id)) => id.as_i64().map(RequestId::Number),
        _ => None,
    };
    Err(Wrong {
        code: ErrorCode::INVALID_REQUEST,
        id,
        why: format!("the line is no message: {why}"),
    })
}

/// A known method whose parameters do not fit is none to the SDK.
fn misfit(message: &Incoming) -> Option<Wrong> {
    let JsonRpcMessage::Request(asked) = message else {
        return None;
    };
    let ClientRequest::CustomRequest(custom) = &asked.request else {
        return None;
    };
    METHODS.contains(&custom.method.as_str()).then(|| Wrong {
        code: ErrorCode::INVALID_PARAMS,
        id: Some(asked.id.clone()),
        why: format!("the parameters do not fit {}", custom.method),
    })
}

/// Methods with parameters.
const METHODS: [&str; 3] = ["initialize", "tools/call", "resources/read"];

/// Reads lines until the input ends or nobody wants more.
fn listen(input: &mut impl BufRead, mut say: impl FnMut(Heard) -> bool) {
    let mut line = Vec::new();
    let mut is_long = false;
    loop {
        let (taken, is_end) = match input.fill_buf() {
            Ok([]) => break,
            Ok(bytes) => {
                let end = bytes.iter().position(|b| *b == b'\n');
                let part = &bytes[..end.unwrap_or(bytes.len())];
                is_long |= line.len() + part.len() > LINE_MAX;
                match is_long {
                    true => line.clear(),
                    false => line.extend_from_slice(part),
                }
                (part.len() + usize::from(end.is_some()), end.is_some())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        input.consume(taken);
        if is_end && !say(whole(&mut line, &mut is_long)) {
            return;
        }
    }
    if is_long || !line.is_empty() {
        say(whole(&mut line, &mut is_long));
    }
}

fn whole(line: &mut Vec<u8>, is_long: &mut bool) -> Heard {
    match std::mem::take(is_long) {
        true => Heard::TooLong,
        false => Heard::Line(std::mem::take(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(bytes: &[u8]) -> Vec<Heard> {
        let mut all = Vec::new();
        listen(&mut std::io::BufReader::with_capacity(7, bytes), |heard| {
            all.push(heard);
            true
        });
        all
    }

    #[test]
    fn lines_are_told_apart_and_the_last_one_needs_no_end() {
        let line = |text: &str| Heard::Line(text.as_bytes().to_vec());
        let expected = [line("first line"), line(""), line("last")];
        assert_eq!(heard(b"first line\n\nlast"), expected);
        assert_eq!(heard(b""), []);
    }

    #[test]
    fn a_long_line_is_not_kept_and_the_next_one_is_heard() {
        let mut bytes = vec![b'x'; LINE_MAX + 1];
        bytes.extend_from_slice(b"\nnext\n");
        assert_eq!(
            heard(&bytes),
            [Heard::TooLong, Heard::Line(b"next".to_vec())]
        );
        let longest = vec![b'x'; LINE_MAX];
        assert_eq!(heard(&longest), [Heard::Line(longest.clone())]);
    }

    #[test]
    fn what_is_no_message_is_answered_where_somebody_asked() {
        let code = |line: &str| read(line.as_bytes()).map_err(|w| (w.code.0, w.id.is_some()));
        assert_eq!(code("{").unwrap_err(), (-32700, false));
        assert_eq!(code("[]").unwrap_err(), (-32600, false));
        assert_eq!(code(r#"{"id":7}"#).unwrap_err(), (-32600, true));
        assert_eq!(
            code(r#"{"jsonrpc":"1.0","id":"a","method":"ping"}"#)
                .unwrap_err()
                .0,
            -32600
        );
        assert!(
            code(r#"{"method":"whatever","params":3}"#)
                .unwrap()
                .is_none()
        );
        assert!(code("  ").unwrap().is_none());
        assert!(
            code(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
                .unwrap()
                .is_some()
        );
    }
}
