//! A port of choice before the sandbox, which takes a free one.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpStream};

use crate::failure::Failure;

/// Passes connections on, and gives the address to call. It goes when the sandbox can take a port itself.
pub(super) async fn start(port: u16, gateway: SocketAddr) -> Result<String, Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::usage(format!("nothing can listen on {address}: {error}"))
            .next("take another --port, or none")
    })?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(mut far) = TcpStream::connect(gateway).await {
                    // A cut connection is what faults are about: both ends learn of it by the drop.
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    });
    Ok(url)
}
