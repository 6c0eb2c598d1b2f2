use keyport::domain::registry::error::RegistryError;

use super::Harbor;
use crate::on_both_engines;

on_both_engines! {
    async fn allocations_that_overlap_are_refused(app) {
        let harbor = Harbor::new(&app);
        for block in ["192.0.2.0/24", "192.0.2.128/25", "192.0.0.0/16", "2001:db8:1::/48", "2001::/16"] {
            let refused = app.allocate(&harbor.organization, block);
            assert!(matches!(refused, Err(RegistryError::Conflict(_))), "{block}");
        }
        for block in ["192.0.2.1/24", "192.0.2.0/33", "x/24", "2001:db9::/65"] {
            let refused = app.allocate(&harbor.organization, block);
            assert!(matches!(refused, Err(RegistryError::Invalid(_))), "{block}");
        }
        let refused = app.allocate("NONE-1", "203.0.113.0/24");
        assert!(matches!(refused, Err(RegistryError::Invalid(_))));
        // Beside it there is room on both sides.
        app.allocate(&harbor.organization, "192.0.1.0/24").unwrap();
        app.allocate(&harbor.organization, "192.0.3.0/24").unwrap();
    }
}

on_both_engines! {
    async fn of_two_overlapping_allocations_at_once_one_is_done(app) {
        let harbor = Harbor::new(&app);
        let made: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (16..24)
                .map(|length| {
                    let (app, harbor) = (&app, &harbor);
                    scope.spawn(move || app.allocate(&harbor.organization, &format!("198.51.0.0/{length}")).is_ok())
                })
                .collect();
            threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        });
        assert_eq!(made, 1);
    }
}
