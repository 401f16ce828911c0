//! A tablet in the house: encrypted, with the household's own certificate, from the address that
//! `loqa dashboard` shows to the house as it is.

use anyhow::{Context, Result, ensure};
use futures::{SinkExt, StreamExt};
use loqa_protocol::{ClientFrame, ServerFrame, ViewPart, wire::Wire};
use loqa_tests::program::Home;
use std::{net::Ipv4Addr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// What `loqa dashboard --json` tells.
struct Shown(serde_json::Value);

impl Shown {
    fn of(home: &Home) -> Result<Shown> {
        let ended = home.run(["dashboard", "--json"])?;
        ensure!(ended.code == Some(0), "{}", ended.err);
        Ok(Shown(serde_json::from_str(&ended.out)?))
    }

    fn origin(&self) -> Result<&str> {
        let address = self.0["household"]["address"].as_str();
        Ok(address.context("no address")?.trim_end_matches('/'))
    }

    fn host(&self) -> Result<&str> {
        Ok(self.origin()?.trim_start_matches("https://"))
    }

    async fn connect(&self, trusted: RootCertStore) -> Result<TlsStream<TcpStream>> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let (name, port) = self.host()?.rsplit_once(':').context("no port")?;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port.parse()?)).await?;
        let name = ServerName::try_from(name.to_owned())?;
        Ok(TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await?)
    }
}

/// The cookie that a code or password gives.
async fn sign_in(shown: &Shown, trusted: RootCertStore, typed: &str) -> Result<String> {
    let body = format!("{{\"code\": \"{typed}\"}}");
    let (host, origin) = (shown.host()?, shown.origin()?);
    let length = body.len();
    let request = format!(
        "POST /api/v1/login HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let mut stream = shown.connect(trusted).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = line.and_then(|line| line.split(';').next());
    Ok(cookie.context("no cookie")?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tablet_that_trusts_the_household_sees_the_house() -> Result<()> {
    let home = Home::new()?.deaf()?;
    home.write(
        "config/loqa/loqa.toml",
        "[dashboard]\nhousehold = true\nhousehold_port = 0\n",
    )?;
    let hub = home.hub()?;
    let shown = Shown::of(&home)?;

    let stranger = shown.connect(RootCertStore::empty()).await;
    ensure!(stranger.is_err(), "who trusts nobody is not served");

    let mut trusted = RootCertStore::empty();
    let certificate = home.path("data/household.crt");
    trusted.add(CertificateDer::from_pem_file(certificate)?)?;
    let code = shown.0["code"].as_str().context("no code")?;
    sign_in(&shown, trusted.clone(), code).await?;
    let password = "twelve blue boats";
    let set = home.run_with_input(["dashboard", "password"], password.as_bytes())?;
    ensure!(set.code == Some(0), "{}", set.err);
    let cookie = sign_in(&shown, trusted.clone(), password).await?;
    let mut request = format!("wss://{}/api/v1/events", shown.host()?).into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("Cookie", cookie.parse()?);
    headers.insert("Origin", shown.origin()?.parse()?);
    let (mut socket, _) = client_async(request, shown.connect(trusted).await?).await?;
    let watch = ClientFrame::Watch { id: 1 };
    socket
        .send(Message::Binary(watch.to_bytes().into()))
        .await?;
    let house = loop {
        let message = socket.next().await.context("hung up on")??;
        if let ServerFrame::View { view, .. } = ServerFrame::from_bytes(&message.into_data())?
            && let ViewPart::House(house) = view.part
        {
            break house;
        }
    };
    ensure!(house.areas.iter().any(|area| area.id == "kitchen"));

    let people = home.run(["dashboard"])?.out;
    let fingerprint = shown.0["household"]["fingerprint"].as_str();
    for told in [
        shown.origin()?,
        "household.crt",
        fingerprint.context("no fingerprint")?,
    ] {
        ensure!(people.contains(told), "{told} is not in {people}");
    }
    assert_eq!(hub.interrupt()?, Some(0));
    Ok(())
}
