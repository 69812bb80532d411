extension AbacusTopic {
    static let train = AbacusTopic(
        name: "train",
        openings: [
            .init("A train has {n} people.", .start(10...60)),
            .init("A train has {n} cars with {m} people in each car.", .startGroups(2...9, of: 4...12)),
        ],
        events: [
            .init("At the next stop {n} people get on.", .add(2...30)),
            .init("At the next stop {n} people get off.", .subtract(2...30)),
            .init("Then half of the people get off.", .part(2)),
            .init("In the city the number of people is twice as big.", .times(2)),
            .init("Then {n} groups of {m} people get on.", .addGroups(2...5, of: 3...8)),
        ],
        questions: ["How many people are on the train now?"],
        turns: [
            .init(
                "Each of them pays {n} coins.", .multiply(2...5),
                events: [.init("The driver uses {n} coins.", .subtract(3...30))],
                questions: ["How many coins are there in the end?"])
        ])

    static let running = AbacusTopic(
        name: "running",
        openings: [
            .init("{name} runs {n} miles a day for {m} days.", .startGroups(2...12, of: 2...9)),
            .init("{name} runs {n} miles.", .start(5...40)),
        ],
        events: [
            .init("Then {he} runs {n} more miles.", .add(2...30)),
            .init("{friend} runs twice as far as that.", .times(2)),
            .init("{friend} runs three times as far as that.", .times(3)),
            .init("Then {he} runs {n} miles on each of {m} days.", .addGroups(2...9, of: 2...6)),
            .init("The next runner stops {n} miles earlier.", .subtract(2...20)),
        ],
        questions: ["How many miles is that?"],
        turns: [
            .init(
                "The miles are shared equally by {n} friends.", .divide(2...6),
                questions: ["How many miles is that for each friend?"]),
            .init(
                "For each mile the school gets {n} coins.", .multiply(2...5),
                questions: ["How many coins is that?"]),
        ])
}
