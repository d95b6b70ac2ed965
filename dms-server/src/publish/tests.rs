//! Publishing from end to end.

use std::sync::Mutex;

use tokio::sync::watch;

use super::pipeline::Step;

/// Lets a test stop an attempt right after a named step, as a killed process would.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    halt: Mutex<Option<Step>>,
    seen: watch::Sender<Option<Step>>,
    child: Mutex<Option<u32>>,
}

impl Steps {
    pub(crate) async fn reached(&self, step: Step) {
        let halts = *self.halt.lock().unwrap() == Some(step);
        self.seen.send_replace(Some(step));
        if halts {
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn started(&self, child: Option<u32>) {
        *self.child.lock().unwrap() = child;
    }
}
