//! Mail and web servers on the loopback interface, inside the test process, that behave as
//! configured.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a server has received.
pub(super) type Taken<T> = Arc<Mutex<Vec<T>>>;

/// A mail that a server has accepted.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    pub to: String,
    /// The received text, without the final dot.
    pub data: String,
}

/// A request that a web server has read.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub head: String,
    pub body: String,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Security {
    Plain,
    Tls,
    /// Encrypted after STARTTLS.
    StartTls,
    /// The same, with an attacker in between who answers the next command in plain text.
    Injected,
    /// A certificate for another host.
    WrongName,
}

/// The points of a conversation at which a mail server may misbehave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Greeting,
    Hello,
    From,
    To,
    Data,
    /// After the whole mail was received.
    End,
    Quit,
}

/// How it misbehaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Deed {
    Say(&'static str),
    Hang,
    Close,
    /// Sends one character at a time, without end.
    Dribble,
    /// Sends one line without end, as fast as possible.
    Flood,
}

/// How a mail server behaves.
#[derive(Clone, Default, Debug)]
pub(super) struct Manners {
    /// What it does at which stage, for whose mail (`None`: all).
    pub bad: Option<(Stage, Deed, Option<&'static str>)>,
    /// The time to accept a mail.
    pub slow: Duration,
    /// Repeats the credentials when it refuses a login.
    pub repeats_secrets: bool,
}

/// The certificate of the authority that the tests trust, in PEM.
pub(super) fn authority() -> &'static str {
    &certificates().0
}

type Certificates = (String, Arc<ServerConfig>, Arc<ServerConfig>);

fn certificates() -> &'static Certificates {
    static CERTIFICATES: OnceLock<Certificates> = OnceLock::new();
    CERTIFICATES.get_or_init(|| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let config = |name: &str| {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &issuer).unwrap();
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let builder = ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap();
            Arc::new(
                builder
                    .with_no_client_auth()
                    .with_single_cert(vec![certificate.der().clone()], key)
                    .unwrap(),
            )
        };
        (issuer.pem(), config("127.0.0.1"), config("elsewhere.example"))
    })
}

trait Duplex: Read + Write + Send {
    fn close(&mut self);
}

impl Duplex for TcpStream {
    fn close(&mut self) {
        let _ = self.shutdown(Shutdown::Both);
    }
}

impl Duplex for StreamOwned<ServerConnection, TcpStream> {
    fn close(&mut self) {
        let _ = self.sock.shutdown(Shutdown::Both);
    }
}

fn encrypted(stream: TcpStream, security: Security) -> Box<dyn Duplex> {
    let (_, right, wrong) = certificates();
    let config = if security == Security::WrongName { wrong } else { right };
    Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream))
}

/// Listens on a free port, with a thread for each connection. Returns the port.
fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    port
}

/// A port without a listener.
pub(super) fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until the other side disconnects.
fn hang(stream: &mut (impl Read + ?Sized)) {
    while stream.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {}
}

fn dribble(stream: &mut (impl Write + ?Sized), beginning: &str) {
    let _ = stream.write_all(beginning.as_bytes());
    while stream.write_all(b"x").and_then(|()| stream.flush()).is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
}

/// A mail server.
pub(super) struct MailServer {
    pub port: u16,
    pub mails: Taken<Mail>,
    pub manners: Arc<Mutex<Manners>>,
    security: Security,
}

impl MailServer {
    pub(super) fn new(security: Security) -> Self {
        let (mails, manners) = (Taken::<Mail>::default(), Arc::new(Mutex::new(Manners::default())));
        let (taken, behaviour) = (Arc::clone(&mails), Arc::clone(&manners));
        let port = listen(move |stream| {
            let manners = behaviour.lock().unwrap().clone();
            let session =
                Session { manners, mails: Arc::clone(&taken), security, to: String::new() };
            let _ = session.serve(stream);
        });
        MailServer { port, mails, manners, security }
    }

    /// The same, with one misbehaviour.
    pub(super) fn that(stage: Stage, deed: Deed, to: Option<&'static str>) -> Self {
        let server = MailServer::new(Security::Plain);
        server.manners.lock().unwrap().bad = Some((stage, deed, to));
        server
    }

    pub(super) fn behave(&self) {
        *self.manners.lock().unwrap() = Manners::default();
    }

    pub(super) fn url(&self) -> String {
        match self.security {
            Security::Plain => format!("smtp://127.0.0.1:{}", self.port),
            Security::Tls | Security::WrongName => format!("smtps://127.0.0.1:{}", self.port),
            Security::StartTls | Security::Injected => {
                format!("smtp://127.0.0.1:{}?tls=required", self.port)
            }
        }
    }

    pub(super) fn taken(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }
}

struct Session {
    manners: Manners,
    mails: Taken<Mail>,
    security: Security,
    to: String,
}

impl Session {
    fn serve(mut self, stream: TcpStream) -> std::io::Result<()> {
        match self.security {
            Security::Plain => self.talk(Box::new(stream)),
            Security::Tls | Security::WrongName => self.talk(encrypted(stream, self.security)),
            Security::StartTls | Security::Injected => {
                let mut reader = BufReader::new(stream);
                say(reader.get_mut(), "220 mail.test")?;
                let mut line = String::new();
                while reader.read_line(&mut line)? > 0 {
                    if line.starts_with("STARTTLS") {
                        let injected = match self.security {
                            Security::Injected => "\r\n250-mail.test\r\n250 AUTH LOGIN",
                            _ => "",
                        };
                        say(reader.get_mut(), &format!("220 go on{injected}"))?;
                        let stream = reader.into_inner();
                        return self.converse(encrypted(stream, self.security));
                    }
                    say(reader.get_mut(), "250-mail.test\r\n250 STARTTLS")?;
                    line.clear();
                }
                Ok(())
            }
        }
    }

    fn talk(&mut self, mut stream: Box<dyn Duplex>) -> std::io::Result<()> {
        if self.misbehaves(Stage::Greeting, &mut *stream)? {
            return Ok(());
        }
        say(&mut *stream, "220 mail.test")?;
        self.converse(stream)
    }

    fn converse(&mut self, stream: Box<dyn Duplex>) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while {
            line.clear();
            reader.read_line(&mut line)?
        } > 0
        {
            let word = line.get(..4).unwrap_or_default().to_uppercase();
            let (stage, reply) = match word.as_str() {
                "EHLO" => (Stage::Hello, "250-mail.test\r\n250 AUTH PLAIN"),
                "AUTH" if self.manners.repeats_secrets => {
                    say(&mut **reader.get_mut(), &format!("535 no such login: {}", line.trim()))?;
                    continue;
                }
                "AUTH" => (Stage::Hello, "235 welcome"),
                "MAIL" => (Stage::From, "250 ok"),
                "RCPT" => {
                    let address = line.split(['<', '>']).nth(1).unwrap_or_default();
                    self.to = address.to_owned();
                    (Stage::To, "250 ok")
                }
                "DATA" => (Stage::Data, "354 go on"),
                "QUIT" => (Stage::Quit, "221 bye"),
                _ => (Stage::Quit, "500 what?"),
            };
            if self.misbehaves(stage, &mut **reader.get_mut())? {
                return Ok(());
            }
            say(&mut **reader.get_mut(), reply)?;
            if stage == Stage::Data {
                let data = read_data(&mut reader)?;
                thread::sleep(self.manners.slow);
                if self.misbehaves(Stage::End, &mut **reader.get_mut())? {
                    return Ok(());
                }
                // From here on the server is responsible for the mail.
                self.mails.lock().unwrap().push(Mail { to: self.to.clone(), data });
                say(&mut **reader.get_mut(), "250 taken")?;
            }
        }
        Ok(())
    }

    fn misbehaves(&self, stage: Stage, stream: &mut dyn Duplex) -> std::io::Result<bool> {
        let Some((when, deed, whose)) = &self.manners.bad else { return Ok(false) };
        if *when != stage || whose.is_some_and(|whose| whose != self.to) {
            return Ok(false);
        }
        match deed {
            Deed::Say(reply) => {
                say(stream, reply)?;
                hang(stream);
            }
            Deed::Hang => hang(stream),
            Deed::Close => stream.close(),
            Deed::Dribble => dribble(stream, "250-"),
            Deed::Flood => while stream.write_all(&[b'x'; 65_536]).is_ok() {},
        }
        Ok(true)
    }
}

fn say(stream: &mut (impl Write + ?Sized), text: &str) -> std::io::Result<()> {
    stream.write_all(format!("{text}\r\n").as_bytes())?;
    stream.flush()
}

fn read_data(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

/// The answer of a web server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// A status line and headers.
    Say(&'static str),
    /// Headers, then an endless body.
    EndlessBody,
    /// Endless headers, one character at a time.
    EndlessHead,
    /// Endless headers, as fast as possible.
    Flood,
    Hang,
    Close,
}

/// A web server.
pub(super) struct WebServer {
    pub port: u16,
    pub requests: Taken<Request>,
    pub answer: Arc<Mutex<Answer>>,
    security: Security,
}

pub(super) const OK: Answer = Answer::Say("200 OK\r\nContent-Length: 2\r\n\r\nok");

impl WebServer {
    pub(super) fn new(security: Security, answer: Answer) -> Self {
        let (requests, answer) = (Taken::<Request>::default(), Arc::new(Mutex::new(answer)));
        let (taken, behaviour) = (Arc::clone(&requests), Arc::clone(&answer));
        let port = listen(move |stream| {
            let answer = behaviour.lock().unwrap().clone();
            let stream: Box<dyn Duplex> = if security == Security::Plain {
                Box::new(stream)
            } else {
                encrypted(stream, security)
            };
            let _ = serve(stream, &answer, &taken);
        });
        WebServer { port, requests, answer, security }
    }

    /// Its URL, whose path is the secret.
    pub(super) fn url(&self) -> String {
        let scheme = if self.security == Security::Plain { "http" } else { "https" };
        format!("{scheme}://127.0.0.1:{}/services/T0/hunter2", self.port)
    }

    pub(super) fn taken(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The bodies of the requests.
    pub(super) fn posts(&self) -> Vec<serde_json::Value> {
        self.taken().iter().map(|request| serde_json::from_str(&request.body).unwrap()).collect()
    }
}

fn serve(stream: Box<dyn Duplex>, answer: &Answer, taken: &Taken<Request>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    taken.lock().unwrap().push(Request { head, body: String::from_utf8(body).unwrap() });
    let stream = reader.get_mut();
    match answer {
        Answer::Say(text) => {
            write!(stream, "HTTP/1.1 {text}")?;
            stream.flush()?;
            hang(&mut **stream);
        }
        Answer::EndlessBody => {
            dribble(&mut **stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        }
        Answer::EndlessHead => dribble(&mut **stream, "HTTP/1.1 200 OK\r\nX-Long: "),
        Answer::Flood => {
            write!(stream, "HTTP/1.1 200 OK\r\n")?;
            while stream.write_all(b"X-Long: long\r\n").is_ok() {}
        }
        Answer::Hang => hang(&mut **stream),
        Answer::Close => stream.close(),
    }
    Ok(())
}
