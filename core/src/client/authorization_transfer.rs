//! Carrying a login over to another DC: `auth.exportAuthorization` at home, `auth.importAuthorization` there
//! (`api/datacenter`).

use alloc::vec::Vec;

use super::datacenter::authorization::{Transfer, TransferState};
use super::machine::Client;
use crate::dc::DcId;
use crate::rpc::{InvokeError, LogoutCause, RequestId, Requester, RpcError, retry};
use crate::time::Now;
use crate::tl::{Deserialize, Serialize, enums, functions};

impl Client {
    /// Starts an authorization transfer to each DC whose requests wait for it.
    pub(super) fn start_transfers(&mut self, now: Now) {
        let home = self.home();
        let blocked: Vec<DcId> = self
            .datacenters
            .values()
            .filter(|datacenter| datacenter.transfer_state() == TransferState::TransferNeeded)
            .map(|datacenter| datacenter.dc())
            .filter(|dc| self.requests.has_pending(*dc))
            .collect();
        for dc in blocked {
            if dc == home || self.stored.user.is_none() {
                // No user is logged in, or this is the home DC: there is nothing to transfer.
                self.transfer_done(dc);
            } else {
                self.transfers.insert(dc, Transfer::default());
                self.export(now, dc);
            }
        }
    }

    fn export(&mut self, now: Now, dc: DcId) {
        if let Some(transfer) = self.transfers.get_mut(&dc) {
            (transfer.exports, transfer.importing) = (transfer.exports + 1, false);
        }
        let query = functions::auth::ExportAuthorization { dc_id: dc.number().into() };
        self.send_transfer(now, dc, self.home(), query.to_bytes());
    }

    fn send_transfer(&mut self, now: Now, dc: DcId, to: DcId, query: Vec<u8>) {
        let request = self.send_internal_query(now, Requester::Transfer(dc), to, query);
        if let Some(datacenter) = self.datacenters.get_mut(&dc) {
            datacenter.set_transfer_state(TransferState::Transferring(request));
        }
    }

    /// Takes the result of an export or import.
    pub(super) fn on_transfer_answer(&mut self, now: Now, id: RequestId, dc: DcId) {
        let Some(answer) = self.requests.take(id) else { return };
        let current = self
            .datacenters
            .get(&dc)
            .is_some_and(|datacenter| datacenter.transfer_state() == TransferState::Transferring(id));
        let Some(transfer) = self.transfers.get(&dc).copied().filter(|_| current) else { return };
        match answer {
            Ok(_) if transfer.importing => self.transfer_done(dc),
            Ok(body) => match enums::auth::ExportedAuthorization::from_bytes(&body) {
                Ok(enums::auth::ExportedAuthorization::ExportedAuthorization(exported)) => {
                    if let Some(transfer) = self.transfers.get_mut(&dc) {
                        transfer.importing = true;
                    }
                    let query =
                        functions::auth::ImportAuthorization { id: exported.id, bytes: exported.bytes };
                    self.send_transfer(now, dc, dc, query.to_bytes());
                }
                Err(broken) => self.transfer_failed(dc, &InvokeError::Decode(broken)),
            },
            Err(InvokeError::Rpc(error)) if retry::exports_again(&error, transfer.exports) => {
                self.export(now, dc);
            }
            Err(InvokeError::Rpc(error))
                if transfer.importing && !transfer.key_replaced && is_of_dead_key(&error) =>
            {
                self.forget_key(dc);
                if let Some(transfer) = self.transfers.get_mut(&dc) {
                    transfer.key_replaced = true;
                }
                self.export(now, dc);
            }
            Err(error) => self.transfer_failed(dc, &error),
        }
    }

    fn transfer_done(&mut self, dc: DcId) {
        self.transfers.remove(&dc);
        if let Some(datacenter) = self.datacenters.get_mut(&dc) {
            datacenter.set_transfer_state(TransferState::NotNeeded);
            datacenter.unpark(&self.requests);
        }
    }

    /// Fails the requests that wait for the login. The next request starts another transfer.
    fn transfer_failed(&mut self, dc: DcId, error: &InvokeError) {
        self.transfers.remove(&dc);
        if let Some(datacenter) = self.datacenters.get_mut(&dc) {
            datacenter.set_transfer_state(TransferState::TransferNeeded);
        }
        let waiting: Vec<RequestId> = self.requests.pending(dc).collect();
        for id in waiting {
            self.drop_request(id);
            self.fail(id, error.clone());
        }
    }
}

/// Returns whether the error means that the key cannot be used any more.
fn is_of_dead_key(error: &RpcError) -> bool {
    LogoutCause::of(error).is_some_and(LogoutCause::is_key_dead)
}
