//! Processor time instead of wall time, so that other work on the machine does not count; the benches run in one
//! thread.

use std::time::Duration;

use criterion::Criterion;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};

/// The processor time of the thread; wall time on systems without it.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuTime;

/// Criterion with this clock, short measurement times, and samples so short that some are not interrupted.
#[must_use]
pub fn criterion() -> Criterion<CpuTime> {
    let usual = Criterion::default().with_measurement(CpuTime).without_plots();
    let short = usual.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    short.sample_size(400).nresamples(5000)
}

impl CpuTime {
    /// Since the start of the thread. Reading it takes a system call.
    #[cfg(unix)]
    #[must_use]
    pub fn now() -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::try_from(time).unwrap_or_default()
    }

    /// Since the first call.
    #[cfg(not(unix))]
    #[must_use]
    pub fn now() -> Duration {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        START.get_or_init(std::time::Instant::now).elapsed()
    }
}

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        Self::now()
    }

    fn end(&self, start: Duration) -> Duration {
        Self::now().saturating_sub(start)
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}
