//! What was found out about ways of access outlives the panel.

use types::autopsy::{AccessWay, Autopsy};
use types::blueprints::Subpath;
use types::instances::DeleteMode;

use crate::panel::{Panel, open};

#[tokio::test]
async fn a_report_outlives_the_panel_and_its_hint_the_instance() {
    let Panel { data, engine } = Panel::new().await;
    let panel = Panel { data, engine };
    let id = panel.create("ready = process", "sleep 60").await;
    let report = Autopsy {
        instance: id,
        run: 3,
        blueprint: panel.engine.instances.get(id).await.unwrap().base_blueprint,
        subpath: Subpath::Strip,
        made_at: 0,
        took_ms: 7,
        best: Some(AccessWay::Subdomain),
        recommendation: "Do this.".to_owned(),
        ways: Vec::new(),
    };
    let kept = panel.engine.autopsies.keep(report).await.unwrap();
    assert!(kept.made_at > 0);
    let Panel { data, engine } = panel;
    engine.shutdown(true).await;
    drop(engine);
    let engine = open(data.path()).await;
    let known = engine.autopsies.known(id).await.unwrap();
    assert_eq!(
        (known.report, known.hint.clone()),
        (Some(kept.clone()), Some(kept.hint()))
    );
    let mut bus = engine.events.subscribe();
    engine
        .instances
        .delete(id, DeleteMode::Trash, None)
        .await
        .unwrap();
    let gone = async {
        while engine.instances.get(id).await.is_ok() {
            let _ = bus.recv().await;
        }
    };
    tokio::time::timeout(crate::waiting::LIMIT, gone).await.unwrap();
    assert!(engine.autopsies.keep(kept.clone()).await.is_err());
    assert_eq!(engine.autopsies.hints().await.unwrap(), [kept.hint()]);
}
