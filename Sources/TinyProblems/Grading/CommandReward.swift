import Foundation
import TinyFoundation

/// A reward computed by the user's own command, such as one that runs the code of a completion.
///
/// The command gets one JSON object a line on its standard input, `{"completion", "question", "answer", "id"}` and, where the
/// problem has them, `solution`, `subject`, `level` and `row`, the whole row of its file with all keys. For every line it writes a line `{"score": number}`, in order, and ends
/// with status 0. A completion counts as right from a score of 1; the score itself is the reward.
///
/// ```swift
/// let reward = CommandReward("python3 run_tests.py", limit: .seconds(30))
/// reward.grade("def f(x): …", for: problem).reward()        // 0.75
/// ```
///
/// A batch whose command cannot be started, fails, writes another number of lines or takes longer than the limit
/// scores 0 as a whole, so that no score depends on how far the command came. A line without a score scores 0 alone. The reason
/// is in ``Grade/failure``. The grades are as reproducible as the command. It runs with the rights of the user who
/// started this program.
///
/// Grading waits for the command. On Linux it waits for lines that programs which the command started write after its end, too; on
/// macOS all lines have to be there at its end. What runs on then, such as a server for the next batch, is not waited for. At the
/// limit, the command and its child processes are killed.
public struct CommandReward: Reward {
    /// One minute.
    public static let standardLimit = Duration.seconds(60)

    /// What `/bin/sh` runs.
    public let command: String
    /// Wall-clock time for one batch.
    public let limit: Duration

    /// Makes a reward; nothing is run yet.
    public init(_ command: String, limit: Duration = standardLimit) {
        self.command = command
        self.limit = limit
    }

    /// Runs the command for one completion.
    public func grade(_ completion: String, for problem: Problem) -> Grade {
        grades(of: [GradedAnswer(completion, to: problem)])[0]
    }

    /// Runs the command once for all completions.
    public func grades(of answers: [GradedAnswer]) -> [Grade] {
        guard !answers.isEmpty else { return [] }
        do throws(CommandFailure) {
            let lines = try output(for: answers)
            guard lines.count == answers.count else {
                throw CommandFailure("the command wrote \(lines.count) lines, expected \(answers.count)")
            }
            return lines.enumerated().map { index, line in
                guard
                    let score = (try? JSONDecoder().decode(Score.self, from: line, named: "the line"))?.score,
                    score.isFinite
                else { return Grade(failure: "the command's line \(index + 1) is not {\"score\": number}") }
                return Grade(score: score)
            }
        } catch {
            return answers.map { _ in Grade(failure: error.reason) }
        }
    }

    /// What the command reads about one completion.
    private func line(_ answer: GradedAnswer, _ encoder: JSONEncoder) throws -> Data {
        let problem = answer.problem
        var line = ["completion": answer.completion, "question": problem.question, "answer": problem.answer]
        line["id"] = problem.id
        line["solution"] = problem.solution
        line["subject"] = problem.subject
        line["level"] = problem.level
        let known = try encoder.encode(line)
        guard let row = problem.row else { return known + Data("\n".utf8) }
        return known.dropLast() + Data(",\"row\":\(row)}\n".utf8)
    }

    private struct Score: Decodable {
        var score: Double
    }

    private func output(for answers: [GradedAnswer]) throws(CommandFailure) -> [ArraySlice<UInt8>] {
        let program = ChildProgram("/bin/sh", ["-c", command])
        program.end(after: limit / .seconds(1))
        let result: ChildProgram.Result
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            var input = Data()
            for answer in answers { input += try line(answer, encoder) }
            result = try program.run(input: input) { output in
                let lines = output.split(separator: UInt8(ascii: "\n"))
                // The last line may have no end.
                return lines.count >= answers.count
                    && (output.last == UInt8(ascii: "\n") || lines.last?.last == UInt8(ascii: "}"))
            }
        } catch {
            throw CommandFailure("the command could not be run: \(error.localizedDescription)")
        }
        switch result.ending {
        case .exited(0): return [UInt8](result.output).split(separator: UInt8(ascii: "\n"))
        case .killed where program.isDue: throw CommandFailure("the command took longer than \(limit)")
        case .exited(let status):
            throw CommandFailure("the command ended with status \(status)\(lastWords(result.lastErrors))")
        case .killed(let signal):
            throw CommandFailure("the command ended by signal \(signal)\(lastWords(result.lastErrors))")
        }
    }

    private func lastWords(_ errors: String) -> String {
        errors.split(whereSeparator: \.isNewline).last.map { ": \($0.suffix(400))" } ?? ""
    }
}

/// Why a batch could not be graded.
private struct CommandFailure: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

extension Grade {
    fileprivate init(failure: String) {
        self.init(strict: false, lenient: false, extracted: nil, isWellFormed: false, score: 0, failure: failure)
    }

    fileprivate init(score: Double) {
        self.init(strict: score >= 1, lenient: score >= 1, extracted: nil, isWellFormed: true, score: score)
    }
}
