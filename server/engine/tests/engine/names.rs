//! Names from bad to strange, and what becomes of them.

use engine::Error;
use types::instances::InstanceChange;

use crate::bench::{Bench, new};

#[tokio::test]
async fn bad_names_are_refused_and_leave_nothing_behind() {
    let bench = Bench::new().await;
    let long = "x".repeat(65);
    for name in [
        "",
        " ",
        "../x",
        "..",
        "/etc",
        "a/b",
        "<img src=x>",
        "a\nb",
        "a\0b",
        "---",
        "🙂",
        &long,
    ] {
        let answer = bench.engine.instances.create(new(name)).await;
        assert!(
            matches!(answer, Err(Error::InvalidName(_))),
            "{name:?}: {answer:?}"
        );
    }
    assert!(bench.engine.instances.list().await.unwrap().is_empty());
    assert_eq!(std::fs::read_dir(bench.path("instances")).unwrap().count(), 0);
    assert!(!bench.temp.path().join("x").exists() && !bench.path("x").exists());
}

#[tokio::test]
async fn names_that_look_alike_in_an_address_get_different_ones() {
    let bench = Bench::new().await;
    for (name, slug) in [
        ("a b", "a-b"),
        ("a_b", "a-b-2"),
        ("A.B", "a-b-3"),
        ("a b 2", "a-b-2-2"),
        ("模型", "instance"),
        ("été", "t"),
        ("party 🙂", "party"),
        (&"x".repeat(64), &"x".repeat(64)),
    ] {
        let made = bench.engine.instances.create(new(name)).await.unwrap();
        assert_eq!((made.name.as_str(), made.slug.as_str()), (name, slug));
        let found = bench.engine.instances.by_slug(slug).await.unwrap().unwrap();
        assert_eq!(found.id, made.id);
        assert!(bench.path("instances").join(&made.dir).is_dir());
    }
}

#[tokio::test]
async fn a_name_is_taken_in_any_case_and_free_again_for_its_owner() {
    let bench = Bench::new().await;
    let instances = &bench.engine.instances;
    let made = instances.create(new("Été")).await.unwrap();
    for name in ["Été", "éTÉ", " été "] {
        let answer = instances.create(new(name)).await;
        assert!(matches!(answer, Err(Error::NameTaken(_))), "{name}: {answer:?}");
    }
    let rename = |name: &str| InstanceChange {
        name: Some(name.to_owned()),
        ..InstanceChange::default()
    };
    let renamed = instances.update(made.id, rename("ÉTÉ"), false).await.unwrap();
    assert_eq!(
        (renamed.name.as_str(), &renamed.slug, &renamed.dir),
        ("ÉTÉ", &made.slug, &made.dir)
    );
    for name in ["", "../x", "<b>"] {
        let answer = instances.update(made.id, rename(name), false).await;
        assert!(matches!(answer, Err(Error::InvalidName(_))), "{name}");
    }
}
