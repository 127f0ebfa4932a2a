//! Adding instances: row, directory, script, port.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;

use engine::Error;
use types::events::Event;
use types::instances::{Instance, InstanceChange, NewInstance, Status};

use crate::bench::{Bench, new};

#[tokio::test]
async fn an_instance_is_a_row_a_directory_and_a_script_and_outlives_the_panel() {
    let bench = Bench::new().await;
    let mut events = bench.engine.events.subscribe();
    let made = bench
        .engine
        .instances
        .create(NewInstance {
            gpu_ids: Some(" 0, 1 ".to_owned()),
            env_vars: "A=1\r\nB=2\r\n".to_owned(),
            ..new("ComfyUI main")
        })
        .await
        .unwrap();
    assert_eq!(
        (made.slug.as_str(), made.status),
        ("comfyui-main", Status::Stopped)
    );
    assert_eq!(made.gpu_ids.as_deref(), Some("0,1"));
    assert_eq!(made.env_vars, "A=1\nB=2");
    assert_eq!(made.base_blueprint, "test-logs.sh");
    assert_eq!(
        events.recv().await.unwrap(),
        Event::Instance(Box::new(made.clone()))
    );

    let script = bench.path("instances").join(&made.dir).join("launch.sh");
    let permissions = std::fs::metadata(&script).unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o644);
    let stock = bench.engine.blueprints.script("test-logs").await.unwrap();
    assert_eq!(std::fs::read(&script).unwrap(), stock);

    let bench = bench.reopened().await;
    assert_eq!(
        bench.engine.instances.list().await.unwrap(),
        std::slice::from_ref(&made)
    );
    assert_eq!(
        bench.engine.instances.by_slug("comfyui-main").await.unwrap(),
        Some(made)
    );
}

#[tokio::test]
async fn twenty_creates_at_once_give_twenty_rows_and_twenty_ports() {
    let bench = Bench::new().await;
    let mut creates = tokio::task::JoinSet::new();
    for number in 0..20 {
        let instances = bench.engine.instances.clone();
        creates.spawn(async move { instances.create(new(&format!("app {number}"))).await });
    }
    let made: Vec<Instance> = creates.join_all().await.into_iter().map(Result::unwrap).collect();
    let distinct = |value: fn(&Instance) -> String| made.iter().map(value).collect::<HashSet<_>>().len();
    assert_eq!(distinct(|row| row.public_port.unwrap().to_string()), 20);
    assert_eq!(distinct(|row| row.dir.clone()), 20);
    assert_eq!(distinct(|row| row.sort_order.to_string()), 20);
    assert_eq!(bench.engine.instances.list().await.unwrap().len(), 20);
}

#[tokio::test]
async fn ports_come_lowest_first_from_the_range_and_never_from_somebody_else() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let free = instances.available_ports().await.unwrap();
    let foreign = std::net::TcpListener::bind(("127.0.0.1", free[0])).unwrap();
    assert_eq!(
        instances.create(new("one")).await.unwrap().public_port,
        Some(free[1])
    );
    assert!(!instances.available_ports().await.unwrap().contains(&free[0]));
    drop(foreign);
    assert_eq!(
        instances.create(new("two")).await.unwrap().public_port,
        Some(free[0])
    );

    let shared = NewInstance {
        public_port: Some(free[0]),
        ..new("three")
    };
    let shared = instances.create(shared).await.unwrap();
    assert_eq!(shared.public_port, Some(free[0]), "several may hold one port");

    let low = NewInstance {
        public_port: Some(80),
        ..new("low")
    };
    assert!(matches!(
        instances.create(low).await,
        Err(Error::PortOutOfRange { port: 80, .. })
    ));
    let change = InstanceChange {
        public_port: Some(Some(80)),
        ..InstanceChange::default()
    };
    let answer = instances.update(shared.id, change, false).await;
    assert!(matches!(answer, Err(Error::PortOutOfRange { port: 80, .. })));
}

#[tokio::test]
async fn an_instance_goes_without_a_port_when_none_is_left() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let free = instances.available_ports().await.unwrap();
    for port in &free {
        let row = instances.create(new(&format!("app {port}"))).await.unwrap();
        assert_eq!(row.public_port, Some(*port));
    }
    let without = instances.create(new("one more")).await.unwrap();
    assert_eq!(without.public_port, None);
    let bench = bench.reopened().await;
    let row = bench.engine.instances.get(without.id).await.unwrap();
    assert_eq!(row.public_port, None);
}

#[tokio::test]
async fn a_refused_create_leaves_nothing_behind() {
    let bench = Bench::new().await;
    bench.blueprint("binary.sh", b"\x7fELF\0");
    for (blueprint, output, fields) in [
        ("no such", None, ""),
        ("../../etc/passwd", None, ""),
        ("binary", None, ""),
        ("functions.sh", None, ""),
        ("test-logs", Some("../../x"), ""),
        ("test-logs", Some("/etc"), ""),
        ("test-logs", None, "no variable"),
    ] {
        let wanted = NewInstance {
            base_blueprint: blueprint.to_owned(),
            output_path: output.map(str::to_owned),
            env_vars: fields.to_owned(),
            ..new("app")
        };
        let answer = bench.engine.instances.create(wanted).await;
        assert!(
            matches!(
                answer,
                Err(Error::UnknownBlueprint(_) | Error::InvalidField { .. })
            ),
            "{blueprint}: {answer:?}"
        );
    }
    assert!(bench.engine.instances.list().await.unwrap().is_empty());
    assert_eq!(std::fs::read_dir(bench.path("instances")).unwrap().count(), 0);
}
