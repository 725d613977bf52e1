//! The faults, as what is done to the network, the servers, the clocks and the application.

use std::time::Duration;

use sansgram_core::client::ConnId;
use sansgram_testkit::accounts::Fault as AccountFault;
use sansgram_testkit::server::{ServerInput, TestDcs};

use super::{Run, network, server_options};
use crate::network::{Chunks, Stall};
use crate::simulation::fault::FaultKind;
use crate::simulation::model::{Observation, Violation};
use crate::simulation::world::{DCS, restore};

/// The constructor of `updateShortMessage`. The client passes updates on unread, so its fields can be zeros.
const UPDATE: u32 = 0x313b_c7f8;

impl Run<'_> {
    /// The fault at this position happens.
    pub(super) fn inject(&mut self, at: usize) -> Result<(), Violation> {
        let Some(fault) = self.plan.faults.get(at) else { return Ok(()) };
        let kind = fault.kind.clone();
        let name = kind.name();
        self.note(|| format!("FAULT {kind:?}"));
        let now = self.pair.timestamp();
        let carried = self.pair.network.bytes_carried();
        match kind {
            FaultKind::Cut(position) => {
                let Some(conn) = self.connection(position) else { return Ok(()) };
                self.pair.network.cut(now, conn);
            }
            FaultKind::CutLate(position, late) => {
                let Some(conn) = self.connection(position) else { return Ok(()) };
                self.pair.network.cut_late(now, conn, late);
            }
            FaultKind::CutAll if self.connection(0).is_none() => return Ok(()),
            FaultKind::CutAll => self.pair.network.cut_all(now),
            FaultKind::CutAtByte(after) => self.pair.network.options.cut_at_byte = Some(carried + after),
            FaultKind::CutOften(mean, _) => self.pair.network.options.cut_one_in = Some(mean),
            FaultKind::HalfOpen(position, stall) => {
                let Some(conn) = self.connection(position) else { return Ok(()) };
                self.pair.network.stall(conn, stall);
            }
            FaultKind::HalfOpenAtByte(after, stall) => {
                self.pair.network.options.stall_at_byte = Some((carried + after, stall));
            }
            FaultKind::Blackout(_) => DCS.iter().for_each(|dc| self.go_dead(*dc)),
            FaultKind::DeadDc(dc, _) => self.go_dead(dc),
            FaultKind::RefuseConnects(count) => self.pair.network.options.refuse_connects = count,
            FaultKind::Slow(rate, _) => {
                self.pair.network.options.bytes_per_second = Some(rate);
                self.pair.network.options.download_rate = Some(rate);
            }
            FaultKind::Latency(latency, _) => {
                self.pair.network.options.latency = latency;
                self.pair.network.options.jitter = latency;
            }
            FaultKind::Chunks(most, _) => self.pair.network.options.chunks = Chunks::UpTo(most),
            FaultKind::ServersClose => self.pair.dcs.close_all(),
            FaultKind::ServersRestart => {
                let saved = self.pair.dcs.save();
                let options = self.pair.dcs.options_mut().clone();
                let random = self.random.fork();
                self.restart_servers(restore(options, random, &saved))?;
            }
            FaultKind::ServersLoseMemory => {
                let random = self.random.fork();
                let next = self.world.servers(server_options(&self.plan.setup), random);
                self.restart_servers(next)?;
            }
            FaultKind::ForgetSessions => {
                self.pair.dcs.forget_sessions();
                // No client can tell that a server executes late bytes in a session that it has forgotten.
                self.pair.network.drop_late();
                // "What came before the first message of a new session on this connection was ignored", says the
                // protocol: a server that has executed it without an answer must not keep the connection.
                if self.pair.dcs.options_mut().fault_injection.withhold_results {
                    self.pair.dcs.close_all();
                }
            }
            FaultKind::ForgetKey(dc) => {
                let session = self.pair.client.stored_session();
                let key = session.keys.iter().find(|(of, _)| i32::from(of.number()) == dc);
                let Some((_, key)) = key else { return Ok(()) };
                self.pair.dcs.forget_key(dc, key.auth_key.id().0);
            }
            FaultKind::ForgetTemporaryKeys => self.pair.dcs.forget_temporary_keys(),
            FaultKind::UnbindTemporaryKeys => self.pair.dcs.unbind_temporary_keys(),
            FaultKind::WrongSalts(_) => self.pair.dcs.options_mut().fault_injection.wrong_salt_first = true,
            FaultKind::WithholdResults(_) => {
                self.pair.dcs.options_mut().fault_injection.withhold_results = true;
            }
            FaultKind::DhRetries(_) => self.pair.dcs.options_mut().fault_injection.dh_retries = 1,
            FaultKind::ClockJump(seconds) => self.pair.clock_skew += seconds,
            FaultKind::Suspend(span) => self.pair.suspend(span),
            FaultKind::FloodWait(times, seconds) => {
                let fault = AccountFault::flood_wait("help.saveAppLog", seconds).with_times(Some(times));
                self.account_fault(fault);
            }
            FaultKind::ServerError => {
                let mut fault = AccountFault::error("help.saveAppLog", 500, "INTERNAL").once();
                fault.method = None;
                self.account_fault(fault);
            }
            FaultKind::Migrate(method, dc) => {
                let what = if method == "auth.importBotAuthorization" { "USER" } else { "PHONE" };
                // To another DC than the one that is called: a server never sends a client to itself.
                for called in DCS.into_iter().filter(|called| *called != dc) {
                    let fault = AccountFault::error(method, 303, &format!("{what}_MIGRATE_{dc}"));
                    self.account_fault(fault.once().on_dc(called));
                }
            }
            FaultKind::Updates(count) => {
                let mut body = UPDATE.to_le_bytes().to_vec();
                body.extend([0; 60]);
                (0..count).for_each(|_| self.pair.dcs.send_update(&body));
            }
            FaultKind::SlowConsumer(_) => self.is_slow = true,
            FaultKind::SlowTasks(time, _) => self.task_time = time,
            FaultKind::SavesFail(_) => self.disk.fails = true,
            FaultKind::TornSave(after) => self.disk.tear_next = Some(after),
            FaultKind::Crash => self.crash(0)?,
            FaultKind::CrashWithBackup(older) => self.crash(older)?,
        }
        *self.report.figures.faults.entry(name).or_default() += 1;
        Ok(())
    }

    /// The fault at this position is over.
    pub(super) fn end_fault(&mut self, at: usize) {
        let Some(fault) = self.plan.faults.get(at) else { return };
        let options = &mut self.pair.network.options;
        let usual = network(&self.plan.setup);
        match fault.kind {
            FaultKind::CutOften(..) => options.cut_one_in = None,
            FaultKind::Blackout(_) => DCS.iter().for_each(|dc| self.pair.network.set_dead(*dc, false)),
            FaultKind::DeadDc(dc, _) => self.pair.network.set_dead(dc, false),
            FaultKind::Slow(..) => (options.bytes_per_second, options.download_rate) = (None, None),
            FaultKind::Latency(..) => (options.latency, options.jitter) = (usual.latency, usual.jitter),
            FaultKind::Chunks(..) => options.chunks = usual.chunks,
            FaultKind::WrongSalts(_) => self.pair.dcs.options_mut().fault_injection.wrong_salt_first = false,
            FaultKind::WithholdResults(_) => {
                self.pair.dcs.options_mut().fault_injection.withhold_results = false;
                // The results are sent over the next connections.
                self.pair.dcs.close_all();
            }
            FaultKind::DhRetries(_) => self.pair.dcs.options_mut().fault_injection.dh_retries = 0,
            FaultKind::SlowConsumer(_) => self.is_slow = false,
            FaultKind::SlowTasks(..) => self.task_time = Duration::ZERO,
            FaultKind::SavesFail(_) => self.disk.fails = false,
            _ => {}
        }
    }

    /// No fault is left, also none that waits for a byte or a call. Connections that are half-open stay so.
    pub(super) fn calm(&mut self) -> Result<(), Violation> {
        self.note(|| "CALM".into());
        let options = &mut self.pair.network.options;
        (options.cut_at_byte, options.stall_at_byte, options.refuse_connects) = (None, None, 0);
        self.pair.dcs.clear_faults();
        self.disk.tear_next = None;
        self.calm_since = Some(self.pair.elapsed());
        self.model.observe(Observation::Calm)
    }

    fn connection(&self, position: u64) -> Option<ConnId> {
        let open: Vec<ConnId> = self.pair.network.connections().collect();
        open.get(usize::try_from(position).ok()?.checked_rem(open.len())?).copied()
    }

    fn go_dead(&mut self, dc: i32) {
        self.pair.network.set_dead(dc, true);
        let open: Vec<ConnId> = self.pair.network.connections().collect();
        for conn in open {
            // After the outage, bytes of this connection are missing: it stays half-open.
            if self.pair.network.dc_of(conn) == Some(dc) {
                self.pair.network.stall(conn, Stall::Both);
            }
        }
    }

    fn restart_servers(&mut self, next: TestDcs) -> Result<(), Violation> {
        self.pair.dcs.close_all();
        self.pair.poll();
        self.watch()?;
        // The next ones do not know the secrets that these have forgotten.
        self.check_secrets()?;
        let now = self.pair.server_now();
        self.pair.dcs = next;
        // The clock of the new ones.
        self.pair.dcs.handle(now, ServerInput::Tick);
        Ok(())
    }

    fn account_fault(&mut self, fault: AccountFault) {
        self.pair.dcs.inject_fault(fault).expect("the method exists");
    }
}
