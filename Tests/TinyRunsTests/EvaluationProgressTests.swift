import Testing
import TinyRuns
import TinyFoundation

/// The tokens that an evaluation has left, as a function of what was sampled.
@Suite("Evaluation progress")
struct EvaluationProgressTests {
    /// An evaluation of completions of these lengths, `perCall` at once, each a token a pass: the estimate after every pass, and
    /// the tokens that were left.
    private func estimates(_ lengths: [Int], perCall: Int, maxTokens: Int) -> [(
        estimate: Double, left: Int, settled: Int
    )] {
        var rows: [(Double, Int, Int)] = [], tokens = 0
        let all = lengths.reduce(0, +)
        for first in stride(from: 0, to: lengths.count, by: perCall) {
            let call = lengths[first..<min(first + perCall, lengths.count)]
            for pass in 1...(call.max() ?? 1) {
                let sampled = call.reduce(0) { $0 + min($1, pass) }
                let progress = EvaluationProgress(
                    finished: first + call.count { $0 <= pass }, total: lengths.count, tokens: tokens + sampled,
                    settled: first, settledTokens: tokens, running: call.count)
                rows.append((progress.tokensLeft(maxTokens: maxTokens), all - tokens - sampled, first))
            }
            tokens += call.reduce(0, +)
        }
        return rows
    }

    private func lengths(_ count: Int, _ range: ClosedRange<Int>) -> [Int] {
        var stream = RandomStream(.sampling, seed: 5)
        return (0..<count).map { _ in range.lowerBound + stream.below(range.count) }
    }

    @Test("the time left is told once every completion has begun, and is that of the speed since the prompts")
    func timer() {
        var timer = EvaluationTimer(maxTokens: 100)
        func progress(_ tokens: Int) -> EvaluationProgress {
            EvaluationProgress(finished: 0, total: 20, tokens: tokens, settled: 0, settledTokens: 0, running: 10)
        }
        #expect(timer.secondsLeft(progress(10), at: 30) == nil)  // thirty seconds of prompts
        #expect(timer.secondsLeft(progress(20), at: 31) == nil)
        #expect(timer.secondsLeft(progress(30), at: 32) == 197)
        #expect(timer.secondsLeft(progress(130), at: 42) == 187)
        let end = EvaluationProgress(finished: 20, total: 20, tokens: 900, settled: 20, settledTokens: 900, running: 0)
        #expect(timer.secondsLeft(end, at: 99) == 0)
    }

    @Test("is the token limit of every completion until one has ended")
    func nothingKnown() {
        let start = EvaluationProgress(finished: 0, total: 9, tokens: 0, settled: 0, settledTokens: 0, running: 4)
        #expect(start.tokensLeft(maxTokens: 100) == 900)
        let later = EvaluationProgress(finished: 0, total: 9, tokens: 80, settled: 0, settledTokens: 0, running: 4)
        #expect(later.tokensLeft(maxTokens: 100) == 820)
        let end = EvaluationProgress(finished: 9, total: 9, tokens: 300, settled: 9, settledTokens: 300, running: 0)
        #expect(end.tokensLeft(maxTokens: 100) == 0)
    }

    @Test(
        "falls while completions of the same length run, all to the token limit or all to half of it",
        arguments: [40, 80])
    func sameLength(length: Int) {
        let rows = estimates([Int](repeating: length, count: 50), perCall: 16, maxTokens: 80)
        #expect(zip(rows, rows.dropFirst()).allSatisfy { $1.estimate <= $0.estimate + 1 })
        #expect(rows.last?.estimate == 0)
        // Once a whole call has ended the length is known.
        #expect(rows.filter { $0.settled > 0 }.allSatisfy { abs($0.estimate - Double($0.left)) <= 16 * 80 / 8 })
    }

    @Test(
        "comes near the truth with the first completions, and does not grow while stragglers run", arguments: [16, 64])
    func differentLengths(perCall: Int) {
        let rows = estimates(lengths(300, 20...100), perCall: perCall, maxTokens: 128)
        for (before, after) in zip(rows, rows.dropFirst()) {
            #expect(after.estimate <= before.estimate * 1.05 + 128, "\(before) \(after)")
        }
        for row in rows where row.settled > 0 && row.left > 1000 {
            #expect(abs(row.estimate - Double(row.left)) < 0.3 * Double(row.left), "\(row)")
        }
    }
}
