import Foundation
import Testing
import TinyEngine
import TinyFoundation
import TinyProblems
import TinyRuns
import TinyStatistics

@Suite("Two evaluations side by side")
struct EvaluationComparisonTests {
    /// An answer of each kind.
    private enum Kind: CaseIterable {
        case right, unboxed, cut, cutRight, silent, wrong, wrongUnboxed

        var grade: Grade {
            switch self {
            case .right, .cutRight: Grade(strict: true, lenient: true, extracted: "7", isWellFormed: true)
            case .unboxed: Grade(strict: false, lenient: true, extracted: "7", isWellFormed: false)
            case .cut, .silent: Grade(strict: false, lenient: false, extracted: nil, isWellFormed: false)
            case .wrong: Grade(strict: false, lenient: false, extracted: "8", isWellFormed: true)
            case .wrongUnboxed: Grade(strict: false, lenient: false, extracted: "8", isWellFormed: false)
            }
        }

        var stop: StopReason { self == .cut || self == .cutRight ? .tokenLimit : .endOfText }
    }

    private func samples(_ kinds: [Kind], of size: Int = 1, tokens: Int = 10) -> (
        samples: [EvaluatedSample], size: Int
    ) {
        let samples = kinds.enumerated().map { index, kind in
            EvaluatedSample(
                problem: "p\(index / size)", sample: index % size,
                prompt: String(repeating: "a", count: 100 - index / size), completion: "", grade: kind.grade,
                tokenCount: tokens, stop: kind.stop, answer: "7")
        }
        return (samples, size)
    }

    private func compare(
        _ before: (samples: [EvaluatedSample], size: Int), _ after: (samples: [EvaluatedSample], size: Int)
    ) -> EvaluationComparison {
        EvaluationComparison(of: "set", before: before, after: after, arithmetics: [.float32, .float32])
    }

    @Test("an answer has one outcome: right, right elsewhere, cut off, none, or wrong")
    func outcomes() {
        let outcomes = samples(Kind.allCases).samples.map(\.outcome)
        #expect(outcomes == [.right, .otherFormat, .cut, .right, .noAnswer, .wrong, .wrong])
    }

    @Test("shares of both sides, with what is right of the answers in the format")
    func shares() {
        let comparison = compare(
            samples([.unboxed, .cut, .wrong, .right], tokens: 20), samples([.right, .right, .wrong, .silent]))
        #expect(comparison.strict.before == 0.25 && comparison.strict.after == 0.5)
        #expect(comparison.strict.difference?.mean == 0.25)
        #expect(comparison.lenient.before == 0.5 && comparison.lenient.after == 0.5)
        #expect(comparison.wellFormed.before == 0.5 && comparison.wellFormed.after == 0.75)
        #expect(comparison.ended.before == 0.75 && comparison.ended.after == 1)
        #expect(comparison.rightInFormat == [0.5, 2.0 / 3])
        #expect(comparison.meanLength == [20, 10])
        #expect(comparison.test == PairedComparison(improved: 2, worsened: 1))
        #expect(comparison.changes.map(\.problem) == ["p0", "p1", "p3"])
    }

    @Test("transitions count every pair of samples once, from each outcome to each")
    func transitions() {
        let before: [Kind] = [.unboxed, .cut, .cut, .wrong, .right, .right]
        let after: [Kind] = [.right, .right, .wrong, .wrong, .right, .silent]
        let transitions = compare(samples(before), samples(after)).transitions
        #expect(
            transitions == [
                .otherFormat: [.right: 1], .cut: [.right: 1, .wrong: 1], .wrong: [.wrong: 1],
                .right: [.right: 1, .noAnswer: 1],
            ])
    }

    @Test("a side may have more samples of each problem; samples of the same number are pairs")
    func differentCounts() {
        let comparison = compare(
            samples([.right, .wrong, .right, .right], of: 2), samples([.right, .wrong]))
        #expect(comparison.problems == 2)
        #expect(comparison.strict.before == 0.75 && comparison.strict.after == 0.5)
        #expect(comparison.strict.difference?.mean == -0.25)
        #expect(comparison.transitions == [.right: [.right: 1, .wrong: 1]])
        #expect(comparison.samplesPerProblem == [2, 1])
    }

    @Test("problems are tested and listed only where both sides have the same number of samples")
    func testNeedsEqualCounts() throws {
        let mixed: [Kind] = [.right, .wrong, .right, .wrong]
        let unequal = compare(samples([.right, .right]), samples(mixed, of: 2))
        #expect(unequal.test == nil && unequal.changes.isEmpty)
        let object = try #require(
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(unequal)) as? [String: Any])
        #expect(object["test"] == nil && object["samples_per_problem"] as? [Int] == [1, 2])

        let equal = compare(samples([.right, .right, .wrong, .wrong], of: 2), samples(mixed, of: 2))
        #expect(equal.test == PairedComparison(improved: 1, worsened: 1))
        #expect(equal.changes.map(\.before) == [1, 0] && equal.changes.map(\.after) == [0.5, 0.5])
    }

    @Test("thirds go by the length of the prompt, not by the order of the problems")
    func thirds() {
        // The last prompts are the shortest.
        let comparison = compare(
            samples([.wrong, .wrong, .wrong, .wrong, .right, .right]), samples(.init(repeating: .right, count: 6)))
        #expect(comparison.strictByLength.map(\.before) == [1, 0, 0])
        #expect(comparison.strictByLength.map(\.after) == [1, 1, 1])
    }

    @Test("no answer in the format has no share that is right, and JSON names outcomes")
    func encoding() throws {
        let comparison = compare(samples([.silent, .unboxed]), samples([.right, .cut]))
        #expect(comparison.rightInFormat == [nil, 1])
        let data = try JSONEncoder().encode(comparison)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let transitions = try #require(object["transitions"] as? [String: [String: Int]])
        #expect(transitions == ["no_answer": ["right": 1], "other_format": ["cut": 1]])
        #expect(try JSONDecoder().decode(EvaluationComparison.self, from: data) == comparison)
    }
}
