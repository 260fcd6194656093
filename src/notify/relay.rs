//! A connection to a mail server that ends when the server says too much.
//!
//! lettre reads a line however long it is, and lets nobody else make the connection: a server that
//! never ends a line would fill the memory. So lettre talks to a relay on this machine, which
//! passes on what both say and counts it. What is encrypted stays encrypted through it.

use std::io::{self, Read};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::store::SendingLimits;

/// So many bytes a server may say in a conversation. Certificates and answers take some thousands.
const MOST_HEARD: u64 = 1 << 20;

/// A connection to a mail server, for one conversation.
pub struct Relay {
    address: SocketAddr,
    is_overfull: Arc<AtomicBool>,
}

impl Relay {
    /// Connects to a server, and waits for whoever wants to talk to it.
    ///
    /// # Errors
    /// A server that cannot be reached.
    pub fn to(host: &str, port: u16, limits: SendingLimits) -> io::Result<Self> {
        let server = connect(host, port, limits)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let is_overfull = Arc::new(AtomicBool::new(false));
        let relay =
            Relay { address: listener.local_addr()?, is_overfull: Arc::clone(&is_overfull) };
        thread::spawn(move || {
            // Whoever waits for an answer sees the connection end.
            let _ = listener
                .accept()
                .and_then(|(client, _)| pass(listener, &client, &server, &is_overfull));
        });
        Ok(relay)
    }

    /// Where to talk to it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the server said so much that the connection was ended.
    pub fn is_overfull(&self) -> bool {
        self.is_overfull.load(Ordering::SeqCst)
    }
}

fn connect(host: &str, port: u16, limits: SendingLimits) -> io::Result<TcpStream> {
    let mut result =
        Err(io::Error::new(io::ErrorKind::NotFound, "the name of the server has no address"));
    for address in (host, port).to_socket_addrs()? {
        result = TcpStream::connect_timeout(&address, limits.step);
        if result.is_ok() {
            break;
        }
    }
    let server = result?;
    // After that nobody waits any more.
    server.set_read_timeout(Some(limits.message))?;
    server.set_write_timeout(Some(limits.message))?;
    server.set_nodelay(true)?;
    Ok(server)
}

/// Passes on what both sides say until one of them ends. Nobody else can come in between: the
/// listener is closed.
fn pass(
    listener: TcpListener,
    client: &TcpStream,
    server: &TcpStream,
    is_overfull: &AtomicBool,
) -> io::Result<()> {
    drop(listener);
    client.set_nodelay(true)?;
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut &*client, &mut &*server);
            end(client, server);
        });
        let heard = io::copy(&mut server.take(MOST_HEARD), &mut &*client);
        if heard.is_ok_and(|heard| heard == MOST_HEARD) {
            is_overfull.store(true, Ordering::SeqCst);
        }
        end(client, server);
    });
    Ok(())
}

fn end(client: &TcpStream, server: &TcpStream) {
    // One that has ended already cannot be ended.
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A server that says so many bytes and then what it was told, and a connection to it through a
    /// relay.
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
        let relay = Relay::to("127.0.0.1", port, SendingLimits::default()).unwrap();
        let stream = TcpStream::connect(relay.address()).unwrap();
        (relay, stream)
    }

    #[test]
    fn what_both_say_is_passed_on() {
        let (relay, mut stream) = connection(1000);
        stream.write_all(b"hello").unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "x".repeat(1000) + "hello");
        assert!(!relay.is_overfull());
    }

    #[test]
    fn a_server_that_says_too_much_is_heard_no_longer() {
        let (relay, stream) = connection(100_000_000);
        let heard = io::copy(&mut &stream, &mut io::sink()).unwrap();
        assert_eq!(heard, MOST_HEARD);
        assert!(relay.is_overfull());
    }

    #[test]
    fn nobody_else_comes_in() {
        let (relay, mut stream) = connection(1);
        stream.read_exact(&mut [0]).unwrap();
        assert!(TcpStream::connect(relay.address()).is_err());
    }
}
