extension AbacusTopic {
    static let cookies = AbacusTopic(
        name: "cookies",
        openings: [
            .init("{name} bakes {n} cookies.", .start(10...60)),
            .init("{name} bakes {n} trays with {m} cookies on each tray.", .startGroups(2...9, of: 4...12)),
        ],
        events: [
            .init("{friend} bakes {n} more cookies.", .add(3...30)),
            .init("{He} eats {n} cookies.", .subtract(2...20)),
            .init("{He} drops half of the cookies.", .part(2)),
            .init("{He} gives {n} friends {m} cookies each.", .subtractGroups(2...6, of: 2...6)),
            .init("Then {he} bakes until there are twice as many cookies.", .times(2)),
        ],
        questions: ["How many cookies are left?", "How many cookies does {name} have now?"],
        turns: [
            .init(
                "{He} sells the cookies for {n} coins each.", .multiply(2...5),
                events: [
                    .init("{He} pays {n} coins for milk.", .subtract(2...12)),
                    .init("{friend} pays {n} coins more.", .add(2...12)),
                ],
                questions: ["How many coins does {name} have now?"]),
            .init(
                "{He} packs the cookies into boxes of {n}.", .divide(2...6),
                questions: ["How many boxes does {name} get?"]),
        ])

    static let apples = AbacusTopic(
        name: "apples",
        openings: [
            .init("{name} picks {n} apples.", .start(10...60)),
            .init("{name} picks {n} apples from each of {m} trees.", .startGroups(4...20, of: 2...6)),
            .init("{name} picks {n} apples and {friend} picks {m} apples.", .startParts(5...40, 5...40)),
        ],
        events: [
            .init("{He} drops {n} apples.", .subtract(2...20)),
            .init("{He} finds {n} more apples under a tree.", .add(2...30)),
            .init("{He} uses half of the apples for a cake.", .part(2)),
            .init("{friend} brings {n} bags of {m} apples.", .addGroups(2...6, of: 3...10)),
        ],
        questions: ["How many apples are left?", "How many apples does {name} have now?"],
        turns: [
            .init("{He} sells the apples for {n} coins each.", .multiply(2...5), then: coins),
            .init("{He} gets one coin for every {n} apples.", .divide(2...5), then: coins),
        ])

    private static let coins = AbacusStage(
        events: [
            .init("{He} finds {n} coins.", .add(3...40)),
            .init("{He} pays {n} coins for the bus home.", .subtract(2...12)),
            .init("{He} gives half of the coins to {friend}.", .part(2)),
        ],
        questions: ["How many coins does {name} have now?"])

    static let eggs = AbacusTopic(
        name: "eggs",
        openings: [
            .init("{name} gets {n} eggs a day for {m} days.", .startGroups(5...20, of: 2...7)),
            .init("{name} finds {n} eggs in the house and {m} eggs in the garden.", .startParts(5...40, 5...40)),
        ],
        events: [
            .init("{He} drops {n} eggs.", .subtract(2...12)),
            .init("{He} uses {n} eggs for each of {m} cakes.", .subtractGroups(2...5, of: 2...6)),
            .init("{friend} brings {n} more eggs.", .add(3...30)),
            .init("{He} keeps only a third of the eggs.", .part(3)),
        ],
        questions: ["How many eggs are left?", "How many eggs does {name} have now?"],
        turns: [
            .init(
                "{He} packs the eggs into boxes of {n}.", .divide(3...6),
                events: [
                    .init("{He} sells {n} boxes.", .subtract(2...6)),
                    .init("{friend} brings {n} more boxes.", .add(2...12)),
                ],
                questions: ["How many boxes of eggs does {name} have now?"])
        ])
}
