import TinyEngine
import TinyProblems
import TinyRecords
import TinyFoundation

/// What is known of an evaluation's answers to a problem set where a training run recorded it: the right samples of each problem,
/// and of everything else the shares.
struct AnswerTotals {
    /// The first answer to a problem, for people to read.
    struct Answer {
        let problem: String
        let answer: String?
        let extracted: String?
    }

    let arithmetic: Arithmetic
    let samplesPerProblem: Int
    /// Strictly right samples of each problem.
    let right: [Int]
    let lenient: Double
    let wellFormed: Double
    let ended: Double
    /// Strictly right samples among those in the requested format; `nil` where there are none.
    let rightInFormat: Double?
    let meanLength: Double
    /// Those of the first problems, as far as they are recorded.
    let answers: [Answer]

    /// Strictly right samples of each problem, as a share.
    var shares: [Double] { right.map { Double($0) / Double(samplesPerProblem) } }

    /// The totals of samples, `size` for each problem, problem by problem; at least one.
    init(_ samples: [EvaluatedSample], size: Int, arithmetic: Arithmetic) {
        let result = EvaluationResult(problemSet: "", samples: samples, samplesPerProblem: size, seconds: 0)
        self.init(
            result.record(step: nil), right: result.strictPerProblem, arithmetic: arithmetic,
            answers: stride(from: 0, to: samples.count, by: size).map { first in
                let sample = samples[first]
                return Answer(problem: sample.problem, answer: sample.answer, extracted: sample.grade.extracted)
            })
    }

    /// The totals that a record has.
    ///
    /// - Parameter right: Strictly right samples of each problem; not empty.
    init(_ record: EvaluationRecord, right: [Int], arithmetic: Arithmetic, answers: [Answer]) {
        let samples = Double(right.count * record.samplesPerProblem), wellFormed = Double(record.wellFormed)
        self.arithmetic = arithmetic
        samplesPerProblem = record.samplesPerProblem
        self.right = right
        lenient = record.lenient
        self.wellFormed = wellFormed / samples
        ended = 1 - Double(record.truncated) / samples
        // A strictly right answer is in the format, see `Grade`.
        rightInFormat = wellFormed > 0 ? min(1, Double(right.reduce(0, +)) / wellFormed) : nil
        meanLength = record.meanCompletionLength
        self.answers = answers
    }
}
