//! An interrupted login leaves its key, and the next login uses it.

use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{assert_code_logs_in, assert_no_fault, request_code};

#[test]
fn an_interrupted_login_reuses_its_key() {
    for pfs in [false, true] {
        let config = || {
            let mut config = PairOptions::default().client;
            config.pfs = pfs;
            config
        };
        let mut pair = Pair::new(PairOptions { client: config(), ..PairOptions::default() });
        request_code(&mut pair, "9996620001");
        let keys = pair.client.stored_session().keys.clone();
        assert_eq!(keys.len(), 1);
        for _ in 0..3 {
            pair.restart_client(config());
            request_code(&mut pair, "9996620001");
        }
        pair.restart_client(config());
        let sent_code = request_code(&mut pair, "9996620001");
        assert_code_logs_in(&mut pair, &sent_code);
        let kept = |key: &sansgram_core::client::DcAuth| key.auth_key.clone();
        let of = |keys: &std::collections::BTreeMap<_, _>| keys.values().map(kept).collect::<Vec<_>>();
        assert_eq!(of(&pair.client.stored_session().keys), of(&keys));
        assert_eq!(pair.dcs.keys().filter(|key| !key.temporary).count(), 1);
        assert_no_fault(&pair);
    }
}
