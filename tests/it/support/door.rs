//! A way to a database server that a test can shut or jam.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Shut,
    Jammed,
}

/// Passes everything on while it is open. Shut, it cuts what goes through it and turns away who comes; jammed, it lets
/// who is there and who comes wait for ever.
pub struct Door {
    /// The database's URL through the door.
    pub url: String,
    state: watch::Sender<State>,
}

impl Door {
    pub async fn before(url: &str) -> Self {
        let mut url: url::Url = url.parse().unwrap();
        let behind = (
            url.host_str().unwrap().to_owned(),
            url.port().unwrap_or(5432),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(address.port())).unwrap();
        let (state, told) = watch::channel(State::Open);
        tokio::spawn(async move {
            while let Ok((guest, _)) = listener.accept().await {
                tokio::spawn(pass(guest, behind.clone(), told.clone()));
            }
        });
        Self {
            url: url.into(),
            state,
        }
    }

    pub fn shut(&self) {
        self.state.send_replace(State::Shut);
    }

    pub fn jam(&self) {
        self.state.send_replace(State::Jammed);
    }

    pub fn open(&self) {
        self.state.send_replace(State::Open);
    }
}

/// Carries bytes both ways until a side or the door ends it.
async fn pass(mut guest: TcpStream, behind: (String, u16), mut told: watch::Receiver<State>) {
    if *told.borrow() == State::Shut {
        return;
    }
    let mut server = TcpStream::connect(behind).await.unwrap();
    loop {
        if *told.borrow() == State::Open {
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut guest, &mut server) => return,
                _ = told.wait_for(|state| *state != State::Open) => {}
            }
        }
        // Bytes that were on their way when it jammed are lost, so what was jammed never works again.
        match told
            .wait_for(|state| *state != State::Jammed)
            .await
            .map(|state| *state)
        {
            Ok(State::Jammed) => {}
            _ => return,
        }
    }
}
