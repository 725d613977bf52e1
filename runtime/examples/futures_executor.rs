//! A runtime of one's own through the trait `Runtime`: the thread pool of `futures-executor`, with the sockets and timers
//! of `async-io`. It logs a bot in and makes a call.
//!
//! Start the test DCs with `sansgram sandbox --public-key key.pem`. Then run, with the address of DC 2:
//! `cargo run -p sansgram-runtime --example futures_executor -- 127.0.0.1:PORT key.pem`.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_io::Async;
use futures_executor::{ThreadPool, block_on};
use sansgram_runtime::core::PublicKey;
use sansgram_runtime::core::client::{ApiCredentials, Config, DcId, DcTable};
use sansgram_runtime::core::tl::{enums, functions};
use sansgram_runtime::{Client, MemoryStore, Runtime, Timer};
use socket2::SockRef;

struct Pool(ThreadPool);

impl Runtime for Pool {
    type Stream = Async<TcpStream>;
    type Timer = Sleep;

    async fn connect(&self, address: SocketAddr) -> io::Result<Self::Stream> {
        let stream = Async::<TcpStream>::connect(address).await?;
        stream.get_ref().set_nodelay(true)?;
        Ok(stream)
    }

    fn reset(&self, stream: Self::Stream) {
        // It fails only if there is no connection any more.
        let _ = SockRef::from(stream.get_ref()).set_linger(Some(Duration::ZERO));
    }

    fn timer(&self, deadline: Instant) -> Sleep {
        Sleep(async_io::Timer::at(deadline))
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn_ok(task);
    }

    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        std::thread::spawn(work);
    }
}

struct Sleep(async_io::Timer);

impl Timer for Sleep {
    fn reset(&mut self, deadline: Instant) {
        self.0.set_at(deadline);
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(|_| ())
    }
}

/// Logs a bot in and asks where the nearest DC is. Returns the bot's name and the country.
pub(crate) fn log_in(config: Config) -> Result<(String, String), Box<dyn std::error::Error>> {
    let pool = ThreadPool::new()?;
    block_on(async {
        let client = Client::start(Pool(pool), config, MemoryStore::new()).await?;
        let bot = client.bot_login("1:sandbox").await?;
        let enums::NearestDc::NearestDc(nearest) = client.invoke(&functions::help::GetNearestDc {}).await?;
        Ok((bot.first_name, nearest.country))
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, key_file] = &arguments[..] else { return Err("usage: ADDRESS KEY.pem".into()) };
    let (home, mut dcs) = (DcId::new(2)?, DcTable::new());
    dcs.insert(home, address.parse()?);
    let key = PublicKey::from_pem(&std::fs::read_to_string(key_file)?)?;
    let api = ApiCredentials { id: 1, hash: "0".repeat(32) };
    let (name, country) = log_in(Config::new(dcs, home, [key]).with_api(api))?;
    println!("logged in as {name}; the nearest DC is in {country}");
    Ok(())
}
