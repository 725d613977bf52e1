//! Scripts that are right, and what is said of those that are not.

use super::*;

#[test]
fn all_fields_are_read() {
    let script = Script::parse(
        r#"
        [[answer]]
        method = "users.getUsers"
        error = "420 FLOOD_WAIT_3"
        times = 1
        user = 1
        dc = 2

        [[answer]]
        method = "users.getUsers"
        result = [{ _ = "userEmpty", id = 7 }]

        [[answer]]
        method = "help.getNearestDc"
        silence = true

        [[fault]]
        error = "500 INTERNAL"
        times = 2

        [[fault]]
        method = "auth.sendCode"
        kind = "truncated"
        dc = 1

        [[update]]
        update = { _ = "updateConfig" }
        after = "users.getUsers"
        delay = 0.5
        times = 3

        [[update]]
        to = 1
        updates = { _ = "updatesTooLong" }

        [[message]]
        from = 9996621234
        to = 1
        by = 5
        text = "/start"
        delay = 1
        "#,
    )
    .unwrap();
    let [first, second, third] = &script.answers[..] else { panic!("{script:?}") };
    assert_eq!(first.answer, Answer::flood_wait(3));
    assert_eq!((first.times, first.user, first.dc), (Some(1), Some(1), Some(2)));
    let empty = [0x1cb5_c415, 1, 0xd3bc_4b7a, 7, 0_u32].map(u32::to_le_bytes).concat();
    assert_eq!(second.answer, Answer::Result(empty));
    assert_eq!(third.answer, Answer::Silence);
    let [all, one] = &script.faults[..] else { panic!("{script:?}") };
    assert_eq!((all.method.as_deref(), all.times), (None, Some(2)));
    assert_eq!(
        (one.method.as_deref(), &one.kind, one.dc),
        (Some("auth.sendCode"), &FaultKind::Truncated, Some(1))
    );
    let [update, updates, message] = &script.sendings[..] else { panic!("{script:?}") };
    assert_eq!((&*update.after, update.to, update.times), ("users.getUsers", None, 3));
    assert_eq!((update.delay, updates.delay), (Duration::from_millis(500), Duration::ZERO));
    assert_eq!((&*updates.after, updates.to, updates.times), (SUBSCRIBING, Some(1), 1));
    assert_eq!((update.by, updates.by, message.by), (None, Some(1), Some(5)));
    assert!(matches!(&message.what, What::Message { from: 9_996_621_234, text } if text == "/start"));
    assert_eq!(Script::parse("").unwrap().answers.len(), 0);
    assert!(Script::parse("\u{feff}# only a comment").is_ok());
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let answer = |rest: &str| format!("\n[[answer]]\nmethod = \"users.getUsers\"\n{rest}");
    for (text, line, words) in [
        ("[[answer]]\nmethod = 7", 2, "method: a string is expected"),
        ("[[message]]\nfrom = 1\ntext = \"x\"\ndelay = \"1\"", 4, "delay: a number is expected"),
        ("[[message]]\nfrom = \"1\"\ntext = \"x\"", 2, "from: a whole number is expected"),
        ("[[message]]\nfrom = 1\ntext = \"x\"\ntimes = -1", 4, "times: a whole number from 0 to 4294967295"),
        ("message = [{ text = \"x\", from = 1.5 }]", 1, "from: a whole number is expected"),
        ("[[answer]]\nmethod = \"help.getConfig\"\nsilence = 1", 3, "silence: true or false is expected"),
        ("\n\n[[answer\n", 3, "[[fault]]"),
        ("[answer]\nmethod = \"help.getConfig\"", 1, "[[answer]]"),
        ("[[answers]]", 1, "unknown field `answers`"),
        ("[[answer]]\nmethod = \"help.getConfig\"\nresults = {}", 3, "unknown field `results`"),
        ("[[answer]]\nmethod = \"help.getKonfig\"\nerror = \"400 X\"", 2, "did you mean \"help.getConfig\"?"),
        (&answer(""), 3, "exactly one of \"result\", \"error\""),
        (&answer("error = \"400 X\"\nsilence = true"), 3, "exactly one of"),
        (&answer("error = \"FLOOD_WAIT_3\""), 4, "such as \"420 FLOOD_WAIT_3\""),
        (
            &answer("result = [{ _ = \"userEmpty\", id = \"x\" }]"),
            4,
            "result[0].id: a whole number is expected",
        ),
        (&answer("result = 7"), 4, "result: "),
        (&answer("result = [{ _ = \"usr\" }]"), 4, "result[0]"),
        ("[[fault]]\nmethod = \"help.getConfig\"", 1, "exactly one of \"error\""),
        ("[[fault]]\nkind = \"slow\"", 2, "\"wrong_type\" or \"truncated\""),
        ("[[update]]\nto = 1", 1, "exactly one of \"update\" and \"updates\""),
        ("[[update]]\nupdate = { _ = \"updateConfg\" }", 2, "updateConfig"),
        ("[[message]]\nfrom = 1\ntext = \"x\"\ndelay = -1", 4, "between 0 and 86400 seconds"),
        ("[[message]]\nfrom = 1\ntext = \"x\"\ndelay = nan", 4, "between 0 and 86400 seconds"),
        ("[[message]]\nfrom = 1\ntext = \"x\"\nafter = \"x\"", 4, "no method of layer 230"),
        ("[[message]]\ntext = \"x\"", 1, "from"),
        ("[[answer]]\nmethod = \"invokeWithLayer\"\nresult = true", 2, "a wrapper has no result"),
    ] {
        let error = Script::parse(text).unwrap_err();
        let said = error.to_string();
        assert_eq!(error.line(), line, "{text}: {said}");
        assert!(said.contains(words) && !said.contains('\n'), "{text}: {said}");
    }
}
