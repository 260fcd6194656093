//! A connection to a mail server that ends if the server says too much, or too early.
//!
//! lettre does not accept connections made by others, and treats what a server said in plain text
//! before the STARTTLS handshake as if it had been encrypted: an attacker in between could answer
//! for the server. So lettre talks to a relay on this machine, which forwards both sides and counts
//! the bytes. Until the handshake the relay forwards one answer per command, and ends the
//! conversation if there is any further byte (RFC 3207, section 4.2). Encrypted data passes through
//! unchanged.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, OnceLock};
use std::thread;

use super::smtp::Encryption;
use crate::store::SendingLimits;

/// The most bytes that a server may send in a conversation. Certificates and answers take a few
/// thousand.
const MOST_HEARD: u64 = 1 << 20;

/// The most bytes in a plain-text line, and lines in an answer.
const LONGEST_LINE: u64 = 1 << 12;
const MOST_LINES: usize = 100;

const TOO_MUCH: &str = "the mail server does not stop talking";
const TOO_EARLY: &str =
    "the mail server, or somebody between, spoke out of turn before the connection was encrypted";

/// A connection to a mail server, for one conversation.
pub(super) struct Relay {
    address: SocketAddr,
    complaint: Complaint,
}

/// Why the relay ended the conversation, if it did.
type Complaint = Arc<OnceLock<&'static str>>;

impl Relay {
    /// Connects to a server, and listens for one client.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub(super) fn to(
        host: &str,
        port: u16,
        encryption: Encryption,
        limits: SendingLimits,
    ) -> io::Result<Self> {
        let server = connect(host, port, limits)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let complaint = Complaint::default();
        let relay = Relay { address: listener.local_addr()?, complaint: Arc::clone(&complaint) };
        thread::Builder::new().spawn(move || {
            // The client sees the connection end.
            let _ = listener
                .accept()
                .and_then(|(client, _)| pass(listener, &client, &server, encryption, &complaint));
        })?;
        Ok(relay)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn complaint(&self) -> Option<&'static str> {
        self.complaint.get().copied()
    }
}

fn connect(host: &str, port: u16, limits: SendingLimits) -> io::Result<TcpStream> {
    let mut result =
        Err(io::Error::new(io::ErrorKind::NotFound, "the name of the server has no address"));
    let mut addresses = (host, port).to_socket_addrs()?;
    while let (Err(_), Some(address)) = (&result, addresses.next()) {
        result = TcpStream::connect_timeout(&address, limits.step);
    }
    let server = result?;
    // After that, the client no longer waits.
    server.set_read_timeout(Some(limits.message))?;
    server.set_write_timeout(Some(limits.message))?;
    server.set_nodelay(true)?;
    Ok(server)
}

/// Forwards both sides until one of them ends. Nobody else can connect: the listener is closed.
fn pass(
    listener: TcpListener,
    client: &TcpStream,
    server: &TcpStream,
    encryption: Encryption,
    complaint: &Complaint,
) -> io::Result<()> {
    drop(listener);
    client.set_nodelay(true)?;
    if encryption == Encryption::StartTls {
        let upgraded = until_encrypted(client, server);
        if let Ok(Err(reason)) = upgraded {
            let _ = complaint.set(reason);
        }
        if !matches!(upgraded, Ok(Ok(()))) {
            end(client, server);
            return upgraded.map(|_| ());
        }
    }
    thread::scope(|scope| {
        thread::Builder::new().spawn_scoped(scope, || {
            let _ = io::copy(&mut &*client, &mut &*server);
            end(client, server);
        })?;
        let heard = io::copy(&mut server.take(MOST_HEARD), &mut &*client);
        if heard.is_ok_and(|heard| heard == MOST_HEARD) {
            let _ = complaint.set(TOO_MUCH);
        }
        end(client, server);
        Ok(())
    })
}

/// Forwards commands and answers alternately, up to the answer that starts the handshake; or
/// returns what the server did wrong.
fn until_encrypted(
    mut client: &TcpStream,
    mut server: &TcpStream,
) -> io::Result<Result<(), &'static str>> {
    let mut commands = BufReader::new(client);
    let mut answers = BufReader::new(server);
    let mut is_upgrade = false;
    loop {
        let Some(answer) = answer(&mut answers)? else { return Ok(Err(TOO_MUCH)) };
        if !answers.buffer().is_empty() {
            return Ok(Err(TOO_EARLY));
        }
        client.write_all(&answer)?;
        if is_upgrade && answer.starts_with(b"2") {
            // The client begins the handshake. Anything the server sent before that is not part of
            // it.
            let hello = commands.fill_buf()?;
            if has_spoken(server)? {
                return Ok(Err(TOO_EARLY));
            }
            server.write_all(hello)?;
            return Ok(Ok(()));
        }
        let command = line(&mut commands)?;
        if has_spoken(server)? {
            return Ok(Err(TOO_EARLY));
        }
        is_upgrade = command.trim_ascii().eq_ignore_ascii_case(b"STARTTLS");
        server.write_all(&command)?;
    }
}

/// A whole answer: lines whose code is followed by `-`, and the last line. `None`: too many.
fn answer(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut answer = Vec::new();
    for _ in 0..MOST_LINES {
        let line = line(from)?;
        answer.extend_from_slice(&line);
        if line.len() as u64 == LONGEST_LINE {
            return Ok(None);
        }
        if line.get(3) != Some(&b'-') {
            return Ok(Some(answer));
        }
    }
    Ok(None)
}

/// A line with its end, or as much of it as is allowed.
fn line(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    from.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}

/// Whether there is anything to read.
fn has_spoken(server: &TcpStream) -> io::Result<bool> {
    server.set_nonblocking(true)?;
    let waiting = server.peek(&mut [0]);
    server.set_nonblocking(false)?;
    match waiting {
        Ok(size) => Ok(size > 0),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

fn end(client: &TcpStream, server: &TcpStream) {
    // Fails if it has already ended.
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends this many bytes and then echoes, with a connection through a relay.
    fn connection(says: usize) -> (Relay, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.write_all(&vec![b'x'; says]);
            let mut told = [0; 5];
            stream.read_exact(&mut told).unwrap();
            stream.write_all(&told).unwrap();
        });
        let relay =
            Relay::to("127.0.0.1", port, Encryption::None, SendingLimits::default()).unwrap();
        let stream = TcpStream::connect(relay.address()).unwrap();
        (relay, stream)
    }

    #[test]
    fn both_sides_are_forwarded() {
        let (relay, mut stream) = connection(1000);
        stream.write_all(b"hello").unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "x".repeat(1000) + "hello");
        assert_eq!(relay.complaint(), None);
    }

    #[test]
    fn a_server_that_says_too_much_is_heard_no_longer() {
        let (relay, stream) = connection(100_000_000);
        let heard = io::copy(&mut &stream, &mut io::sink()).unwrap();
        assert_eq!(heard, MOST_HEARD);
        assert_eq!(relay.complaint(), Some(TOO_MUCH));
    }

    /// A server that sends each of these texts at once after the next line it receives, the first
    /// before any, and then echoes. Returns what a client receives that sends EHLO, STARTTLS and
    /// `hello!`, and the complaint.
    fn upgrade(says: [&'static str; 3]) -> (String, Option<&'static str>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(&stream);
            for text in says {
                (&stream).write_all(text.as_bytes()).unwrap();
                if line(&mut reader).is_err() {
                    return;
                }
            }
            let _ = (&stream).write_all(b"encrypted");
        });
        let relay =
            Relay::to("127.0.0.1", port, Encryption::StartTls, SendingLimits::default()).unwrap();
        let stream = TcpStream::connect(relay.address()).unwrap();
        let mut reader = BufReader::new(&stream);
        let mut heard = Vec::new();
        for command in ["EHLO me\r\n", "STARTTLS\r\n", "hello!\n"] {
            let Ok(Some(answer)) = answer(&mut reader) else { break };
            heard.extend(answer);
            // Gives the server time to say more than it should.
            thread::sleep(std::time::Duration::from_millis(20));
            (&stream).write_all(command.as_bytes()).unwrap();
        }
        let _ = reader.read_to_end(&mut heard);
        (String::from_utf8(heard).unwrap(), relay.complaint())
    }

    #[test]
    fn a_conversation_is_upgraded_when_both_speak_by_turns() {
        let says = ["220 hi\r\n", "250-me\r\n250 STARTTLS\r\n", "220 go\r\n"];
        assert_eq!(upgrade(says), (says.concat() + "encrypted", None));
    }

    #[test]
    fn nothing_that_was_said_in_the_clear_is_heard_after_the_upgrade() {
        for says in [
            ["220 hi\r\n", "250 STARTTLS\r\n", "220 go\r\n250-injected\r\n250 AUTH\r\n"],
            ["220 hi\r\n", "250 STARTTLS\r\n", "220 go\r\n2"],
            ["220 hi\r\n", "250 STARTTLS\r\n220 go\r\n250 injected\r\n", ""],
            ["220 hi\r\n250 STARTTLS\r\n220 go\r\n250 injected\r\n", "", ""],
        ] {
            let (heard, complaint) = upgrade(says);
            assert_eq!(complaint, Some(TOO_EARLY), "{says:?}");
            assert!(!heard.contains("injected") && !heard.contains("encrypted"), "{heard}");
        }
    }

    /// The bytes arrive after the answer was forwarded.
    #[test]
    fn a_byte_between_the_answer_and_the_handshake_ends_the_conversation() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(&stream);
            (&stream).write_all(b"220 hi\r\n").unwrap();
            line(&mut reader).unwrap();
            (&stream).write_all(b"220 go\r\n").unwrap();
            thread::sleep(std::time::Duration::from_millis(20));
            (&stream).write_all(b"250 injected\r\n").unwrap();
            let _ = line(&mut reader);
        });
        let relay =
            Relay::to("127.0.0.1", port, Encryption::StartTls, SendingLimits::default()).unwrap();
        let stream = TcpStream::connect(relay.address()).unwrap();
        let mut reader = BufReader::new(&stream);
        assert_eq!(answer(&mut reader).unwrap().unwrap(), b"220 hi\r\n");
        (&stream).write_all(b"STARTTLS\r\n").unwrap();
        assert_eq!(answer(&mut reader).unwrap().unwrap(), b"220 go\r\n");
        thread::sleep(std::time::Duration::from_millis(100));
        (&stream).write_all(b"hello").unwrap();
        let mut rest = Vec::new();
        let _ = reader.read_to_end(&mut rest);
        assert_eq!((rest, relay.complaint()), (Vec::new(), Some(TOO_EARLY)));
    }

    #[test]
    fn an_answer_without_an_end_is_too_much() {
        let endless: &'static str = Box::leak("250-x\r\n".repeat(200).into_boxed_str());
        let (_, complaint) = upgrade(["220 hi\r\n", endless, ""]);
        assert_eq!(complaint, Some(TOO_MUCH));
    }

    #[test]
    fn nobody_else_comes_in() {
        let (relay, mut stream) = connection(1);
        stream.read_exact(&mut [0]).unwrap();
        assert!(TcpStream::connect(relay.address()).is_err());
    }
}
