import Testing
import TinyRuns
import TinyEngine
import TinyProblems
import TinyStatistics
import TinyFoundation

@Suite("Paired comparison of results")
struct PairedResultsTests {
    private func result(_ strict: [Bool], ids: [String]? = nil, samplesPerProblem: Int = 1) -> EvaluationResult {
        let samples = strict.enumerated().map { index, isRight in
            EvaluatedSample(
                problem: ids?[index] ?? "\(index / samplesPerProblem)", sample: index % samplesPerProblem, prompt: "",
                completion: "",
                grade: Grade(strict: isRight, lenient: isRight, extracted: nil, isWellFormed: isRight), tokenCount: 1,
                stop: .endOfText)
        }
        return EvaluationResult(
            problemSet: "set", samples: samples, samplesPerProblem: samplesPerProblem, seconds: 1)
    }

    @Test("counts the problems whose outcome changed")
    func results() throws {
        let test = try PairedComparison(
            before: result([false, true, false, true, false]), after: result([true, true, true, false, false]))
        #expect(test.improved == 2)
        #expect(test.worsened == 1)

        let sampled = try PairedComparison(
            before: result([false, true, true, true, false, true], samplesPerProblem: 2),
            after: result([true, true, false, false, true, false], samplesPerProblem: 2))
        #expect(sampled.improved == 1)
        #expect(sampled.worsened == 1)
    }

    @Test("refuses results of different problems")
    func unpaired() {
        let before = result([true, false], ids: ["a", "b"])
        let others = [
            result([true, false], ids: ["a", "c"]), result([true], ids: ["a"]),
            result([true, false], samplesPerProblem: 2),
        ]
        for after in others {
            let error = #expect(throws: RunError.self) { try PairedComparison(before: before, after: after) }
            #expect(error?.code == .notPaired)
        }
    }
}
