extension AbacusTopic {
    static let marbles = AbacusTopic(
        name: "marbles",
        openings: [
            .init("{name} has {n} marbles.", .start(6...60)),
            .init("{name} has {n} bags with {m} marbles in each bag.", .startGroups(2...9, of: 3...12)),
            .init("{name} has {n} red marbles and {m} blue marbles.", .startParts(4...40, 4...40)),
        ],
        events: [
            .init("{He} finds {n} more marbles.", .add(2...30)),
            .init("{He} buys {n} bags with {m} marbles in each bag.", .addGroups(2...6, of: 3...10)),
            .init("{He} gives {n} marbles to {friend}.", .subtract(2...30)),
            .init("{He} loses half of the marbles.", .part(2)),
            .init("Then {he} wins and has twice as many marbles.", .times(2)),
            .init("{friend} has twice as many marbles, and they put all marbles together.", .joinTimes(2)),
        ],
        questions: ["How many marbles are there now?", "How many marbles are there in the end?"],
        turns: [
            .init(
                "The marbles are shared equally by {n} friends.", .divide(2...6),
                questions: ["How many marbles does each friend get?"]),
            .init(
                "The marbles are put into {n} equal bags.", .divide(2...6),
                questions: ["How many marbles are in each bag?"]),
        ])

    static let stickers = AbacusTopic(
        name: "stickers",
        openings: [
            .init("{name} has {n} stickers.", .start(8...60)),
            .init("{name} fills {n} pages with {m} stickers on each page.", .startGroups(2...9, of: 3...12)),
        ],
        events: [
            .init("{friend} gives {name} {n} more stickers.", .add(2...30)),
            .init("{He} gets {n} packs of {m} stickers.", .addGroups(2...6, of: 3...10)),
            .init("{He} gives away {n} stickers.", .subtract(2...30)),
            .init("{He} gives half of the stickers to {friend}.", .part(2)),
            .init("By the end of the year {he} has three times as many stickers.", .times(3)),
        ],
        questions: ["How many stickers does {name} have now?", "How many stickers are there in the end?"],
        turns: [
            .init("{He} trades each sticker for {n} cards.", .multiply(2...5), then: cards),
            .init("{He} gets one card for every {n} stickers.", .divide(2...5), then: cards),
        ])

    private static let cards = AbacusStage(
        events: [
            .init("{He} loses {n} cards.", .subtract(2...20)),
            .init("{friend} gives {name} {n} cards.", .add(2...20)),
        ],
        questions: ["How many cards does {name} have now?"])

    static let fish = AbacusTopic(
        name: "fish",
        openings: [
            .init("A pond has {n} fish.", .start(8...60)),
            .init("A shop has {n} tanks with {m} fish in each tank.", .startGroups(2...9, of: 3...12)),
            .init("{name} has {n} red fish and {m} blue fish.", .startParts(4...40, 4...40)),
        ],
        events: [
            .init("{name} brings {n} more fish.", .add(2...30)),
            .init("{friend} takes {n} fish away.", .subtract(2...30)),
            .init("{friend} brings {n} tanks of {m} fish.", .addGroups(2...6, of: 3...10)),
            .init("After a year there are twice as many fish.", .times(2)),
            .init("Then half of the fish are given away.", .part(2)),
        ],
        questions: ["How many fish are there now?", "How many fish are left?"],
        turns: [
            .init(
                "Each fish eats {n} worms a day.", .multiply(2...5),
                questions: ["How many worms do the fish eat in a day?"]),
            .init(
                "The fish are sold for {n} coins each.", .multiply(2...5),
                questions: ["How many coins is that?"]),
        ])
}
