import Testing
import TinyRecords
import TinyLearning

/// What completions are worth, against numbers worked out by hand.
@Suite struct AdvantageTests {
    @Test("within a group rewards are centred and divided as asked")
    func groupByHand() {
        // Group 1: mean ¼, squares 3·(1/16) + 9/16 = ¾, deviation √(¾ / 3) = ½. Group 2 is equal.
        let rewards: [[Double]] = [[1, 0, 0, 0], [1, 1, 1, 1]]
        func found(_ scale: RewardScale) -> [[Double]] { GroupAdvantages(scale: scale).advantages(rewardsPG: rewards) }
        #expect(found(.none) == [[0.75, -0.25, -0.25, -0.25], [0, 0, 0, 0]])
        let divisor = 0.5 + 1e-4
        #expect(
            found(.group) == [[0.75 / divisor, -0.25 / divisor, -0.25 / divisor, -0.25 / divisor], [0, 0, 0, 0]])
        // All eight: mean 5/8, squares 5·(9/64) + 3·(25/64) = 120/64, deviation √(120/64 / 7).
        let batch = (120.0 / 64 / 7).squareRoot() + 1e-4
        for (found, expected) in zip(found(.batch)[0], [0.75, -0.25, -0.25, -0.25]) {
            #expect(abs(found - expected / batch) < 1e-15)
        }
    }

    @Test("leaving one out compares with the mean of the others: G / (G - 1) times the distance from the mean")
    func leaveOneOutByHand() {
        // Group 1: 1 - 0, 0 - 1/3. Group 2: 1 - 1/3, 0 - 2/3.
        let rewards = step([1, 0, 0, 0, 1, 1, 0, 0])
        let third = 1.0 / 3
        let expected = [1, -third, -third, -third, 2 * third, 2 * third, -2 * third, -2 * third]
        for (found, expected) in zip(LeaveOneOutAdvantages(scale: .none).advantages(rewards), expected) {
            #expect(abs(found.mean - expected) < 1e-15)
        }
        // Divided by the deviation of all eight advantages: squares 1 + 3/9 + 4·4/9 = 28/9, over 7.
        let deviation = (28.0 / 9 / 7).squareRoot() + 1e-4
        for (found, expected) in zip(LeaveOneOutAdvantages(scale: .batch).advantages(rewards), expected) {
            #expect(abs(found.mean - expected / deviation) < 1e-15)
        }
        // Divided by their groups' deviations: ½, and √(4·¼ / 3).
        let groups = [0.5, (1.0 / 3).squareRoot()]
        for (index, found) in LeaveOneOutAdvantages(scale: .group).advantages(rewards).enumerated() {
            #expect(abs(found.mean - expected[index] / (groups[index / 4] + 1e-4)) < 1e-15)
        }
    }

    @Test("over the step every token is compared with every other, penalties still to come taken off")
    func batchByHand() {
        // Completions of 1 and 3 tokens with rewards 1 and 0: tokens are worth 1, 0, 0, 0, like a group of four.
        let plain = StepRewards(rewardsN: [1, 0], lengthsN: [1, 3], groupSize: 1)
        #expect(
            BatchAdvantages(scale: .none).advantages(plain) == [.tokens([0.75]), .tokens([-0.25, -0.25, -0.25])])
        let divisor = 0.5 + 1e-4
        #expect(BatchAdvantages(scale: .batch).advantages(plain)[0] == .tokens([0.75 / divisor]))
        // Penalties ½, and ¼, -½, ¼: what is to come is 1 - ½; 0 - 0, 0 + ¼, 0 - ¼. Mean ⅛.
        let penalised = StepRewards(
            rewardsN: [1, 0], penaltiesNT: [[0.5], [0.25, -0.5, 0.25]], lengthsN: [1, 3], groupSize: 1)
        #expect(
            BatchAdvantages(scale: .none).advantages(penalised) == [
                .tokens([0.375]), .tokens([-0.125, 0.125, -0.375]),
            ])
    }

    @Test("penalties are taken off a completion's reward where advantages are a completion's")
    func penaltiesOfCompletions() {
        let rewards = StepRewards(
            rewardsN: [1, 0], penaltiesNT: [[0.25, 0.25], [-0.5]], lengthsN: [2, 1], groupSize: 2)  // 0.5 and 0.5
        #expect(GroupAdvantages(scale: .none).advantages(rewards) == [.completion(0), .completion(0)])
        let other = StepRewards(rewardsN: [1, 0], penaltiesNT: [[0.25, 0.25], [0]], lengthsN: [2, 1], groupSize: 2)
        #expect(LeaveOneOutAdvantages(scale: .none).advantages(other) == [.completion(0.5), .completion(-0.5)])
    }

    @Test(
        "equal rewards give exact zeros, even where their mean is rounded", arguments: AdvantageKind.allCases,
        RewardScale.allCases)
    func equalRewardsGiveZeros(kind: AdvantageKind, scale: RewardScale) {
        var settings = LossSettings()
        settings.advantage = kind
        settings.scaleRewards = scale
        let rewards = StepRewards(rewardsN: [0.1, 0.1, 0.1], lengthsN: [2, 3, 1], groupSize: 3)
        #expect(settings.advantageEstimator.advantages(rewards).allSatisfy { $0.isZero })
        guard kind != .batch else { return }
        let mixed = StepRewards(rewardsN: [0.1, 0.1, 0.1, 1, 0, 0], lengthsN: [1, 1, 1, 1, 1, 1], groupSize: 3)
        let found = settings.advantageEstimator.advantages(mixed)
        #expect(found[..<3].allSatisfy { $0.isZero } && !found[3...].contains { $0.isZero })
    }

    @Test(
        "running out of room costs nothing up to the margin, then in a straight line up to 1",
        arguments: [(1, 0.0), (16, 0), (17, -0.25), (18, -0.5), (19, -0.75), (20, -1), (21, -1)])
    func overlong(length: Int, expected: Double) {
        #expect(OverlongPenalty(maxTokens: 20, margin: 4).reward(length: length) == expected)
    }

    @Test("the narrowest margin costs only the last token's place")
    func narrowMargin() {
        let penalty = OverlongPenalty(maxTokens: 2, margin: 1)
        #expect((0...3).map(penalty.reward) == [0, 0, -1, -1])
    }

    private func step(_ rewards: [Double]) -> StepRewards {
        StepRewards(rewardsN: rewards, lengthsN: rewards.map { _ in 1 }, groupSize: 4)
    }
}
