extension AbacusTopic {
    static let savings = AbacusTopic(
        name: "savings",
        openings: [
            .init("{name} has {n} coins.", .start(10...60)),
            .init("{name} gets {n} coins a week for {m} weeks.", .startGroups(4...20, of: 2...6)),
            .init("{name} has {n} coins at home and {m} coins in the bank.", .startParts(5...50, 5...50)),
        ],
        events: [
            .init("{He} gets {n} coins from {friend}.", .add(3...40)),
            .init("{He} pays {n} coins for a hat.", .subtract(3...30)),
            .init("{He} buys {n} pens for {m} coins each.", .subtractGroups(2...6, of: 2...6)),
            .init("{He} works {n} hours for {m} coins an hour.", .addGroups(2...6, of: 3...9)),
            .init("After a year {he} has twice as many coins.", .times(2)),
            .init("{He} uses half of the coins for a game.", .part(2)),
        ],
        questions: ["How many coins does {name} have now?", "How many coins are left?"],
        turns: [])

    static let pencils = AbacusTopic(
        name: "pencils",
        openings: [
            .init("A teacher has {n} boxes with {m} pencils in each box.", .startGroups(2...9, of: 4...12)),
            .init("A teacher has {n} pencils.", .start(12...60)),
        ],
        events: [
            .init("The class uses {n} pencils.", .subtract(2...30)),
            .init("{name} brings {n} more pencils.", .add(2...30)),
            .init("{name} and {friend} find {n} packs of {m} pencils.", .addGroups(2...5, of: 3...8)),
            .init("The teacher keeps only a third of the pencils.", .part(3)),
        ],
        questions: ["How many pencils are there now?", "How many pencils does the teacher have in the end?"],
        turns: [
            .init(
                "The pencils are shared equally by {n} students.", .divide(2...6),
                events: [
                    .init("Each student finds {n} more pencils at home.", .add(2...12)),
                    .init("Each student loses {n} pencils.", .subtract(2...5)),
                ],
                questions: ["How many pencils does each student have now?"])
        ])

    static let flowers = AbacusTopic(
        name: "flowers",
        openings: [
            .init("{name} plants {n} rows of {m} flowers.", .startGroups(2...9, of: 4...12)),
            .init("{name} has {n} red flowers and {m} blue flowers.", .startParts(5...40, 5...40)),
        ],
        events: [
            .init("{He} plants {n} more flowers.", .add(3...30)),
            .init("{He} cuts {n} flowers.", .subtract(2...30)),
            .init("{He} keeps only half of the flowers.", .part(2)),
            .init("The next year there are three times as many flowers.", .times(3)),
            .init("A goat eats {n} rows of {m} flowers.", .subtractGroups(2...4, of: 2...6)),
        ],
        questions: ["How many flowers are there now?", "How many flowers are left?"],
        turns: [
            .init(
                "{He} makes bunches of {n} flowers.", .divide(2...6),
                events: [
                    .init("{He} gives {n} bunches to {friend}.", .subtract(2...6)),
                    .init("{He} buys {n} more bunches.", .add(2...12)),
                ],
                questions: ["How many bunches does {name} have now?"])
        ])

    static let books = AbacusTopic(
        name: "books",
        openings: [
            .init("{name} has {n} books.", .start(10...60)),
            .init("{name} fills {n} boxes with {m} books in each box.", .startGroups(2...9, of: 4...12)),
        ],
        events: [
            .init("{friend} takes {n} books.", .subtract(2...30)),
            .init("{friend} brings back {n} books.", .add(2...30)),
            .init("{He} buys {n} boxes of {m} books.", .addGroups(2...6, of: 3...10)),
            .init("Half of the books are sold.", .part(2)),
            .init("After ten years there are twice as many books.", .times(2)),
        ],
        questions: ["How many books are there now?", "How many books are there in the end?"],
        turns: [
            .init(
                "The books are put into {n} equal boxes.", .divide(2...6),
                events: [.init("{He} puts {n} more books into one box.", .add(2...12))],
                questions: ["How many books are in that box?"])
        ])
}
