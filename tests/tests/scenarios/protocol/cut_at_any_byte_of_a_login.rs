//! A login with a migration succeeds, at whichever byte the connection is cut. For the distance of the cuts see
//! [`cut_at_any_byte`](super::cut_at_any_byte); all bytes are some 15,000 logins, about half an hour of one core.

use sansgram_core::transport::Framing;
use sansgram_harness::pair::Pair;

use super::cut_at_any_byte::{options, step};
use crate::common::{assert_no_fault, log_in_bot};

fn cut(pfs: bool) {
    let mut cuts = 0;
    for cut in (0..).step_by(step(97)) {
        let mut options = options(pfs, Framing::Intermediate);
        options.network.cut_at_byte = Some(cut);
        let mut pair = Pair::new(options);
        log_in_bot(&mut pair, "2:elsewhere");
        assert_no_fault(&pair);
        assert!(!pfs || pair.dcs.keys().all(|key| key.temporary || key.calls == 0), "cut at {cut}");
        cuts += 1;
        if pair.network.options.cut_at_byte.is_some() {
            break;
        }
    }
    println!("pfs {pfs}: {cuts} logins");
    assert!(cuts > 40, "{cuts}: a login takes more than 4 KB");
}

#[test]
fn a_cut_under_a_permanent_key() {
    cut(false);
}

#[test]
fn a_cut_under_temporary_keys() {
    cut(true);
}
