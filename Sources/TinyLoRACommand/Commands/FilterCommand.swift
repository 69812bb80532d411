import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Leaves out training problems that teach nothing.
struct FilterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filter",
        abstract: "Keeps the training problems that a model solves sometimes (difficulty filtering by pass rate).",
        discussion: """
            GRPO and its relatives compare the completions of one problem: where all are right or all are wrong they learn \
            nothing. A sampled evaluation of the training problems tells which these are; this command writes the others, \
            line by line as they are, for --train. No model is needed.

            Several directories must be evaluations of the same problems with the same settings and different seeds; their \
            samples count together. Problems that an evaluation with --limit left out are not kept.

            EXAMPLES
              Eight samples of each problem, then the problems with 20 to 80 % right:
                tinylora eval --model DIR --problems train.jsonl \\
                  --samples 8 --temperature 1 --output rates
                tinylora filter rates --problems train.jsonl --pass-rate 0.2...0.8 \\
                  --output some.jsonl
                tinylora train --model DIR --train some.jsonl
              Only the counts, for answers that are right in any format:
                tinylora filter rates --problems train.jsonl --reward lenient
            """)

    @Argument(
        help: ArgumentHelp("Directories of finished evaluations with --samples.", valueName: "evaluation"),
        transform: path)
    var evaluations: [String]
    @Option(
        help: ArgumentHelp("The problem file that was evaluated, JSON Lines.", valueName: "file.jsonl"),
        transform: path)
    var problems: String
    @Option(
        help: ArgumentHelp(
            "Keys of the parts in --problems: \(ProblemFields.partNames.joined(separator: ", ")).",
            valueName: "part=key,…"))
    var fields: String?
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Shares of right samples to keep, bounds included (default: 0.2...0.8).", valueName: "low...high"),
        transform: shares)
    var passRate = 0.2...0.8
    @Option(
        help: "When a sample is right: strict (in the requested format) or lenient (anywhere) (default: strict).",
        transform: parsedReward)
    var reward = RewardRule.strict
    @Option(
        help: ArgumentHelp("File for the kept rows (default: only count).", valueName: "file.jsonl"), transform: path)
    var output: String?
    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let console = Console(json: json)
        var parts = ProblemFields.automatic
        if let fields { try parts.map(fields) }
        let folders = try evaluations.map { try EvaluationFolder(reading: $0) }
        let filter = try PassRateFilter(
            of: folders, problems: problems, fields: parts, keeping: passRate, by: reward)
        if let output { try filter.write(to: output) }
        let found = filter.summary
        func line(_ name: String, _ count: Int, _ meaning: String) {
            console.say("\(left(name, 11))\(column("\(count)", 6))  \(meaning)")
        }
        let range = "\(passRate.lowerBound) to \(passRate.upperBound)"
        line("kept", found.kept, "pass rate \(range)")
        line("too easy", found.tooEasy, "above")
        line("too hard", found.tooHard, "below")
        if found.notEvaluated > 0 { line("left out", found.notEvaluated, "not evaluated") }
        let rate = column(100 * found.passRate, 0, places: 1)
        console.say(
            "pass rate  \(rate) % · \(found.evaluated) problems of \(found.samplesPerProblem) samples, \(reward.rawValue)"
        )
        let counts = found.problemsByRightSamples.enumerated().map { "\($0):\($1)" }.joined(separator: " ")
        console.say("right      \(counts)")
        if let output { console.say("written    \(output)") }
        try console.result(found)
    }
}

/// The value of `--reward`.
@Sendable private func parsedReward(_ text: String) throws -> RewardRule {
    guard let rule = RewardRule(rawValue: text) else { throw ValidationError("expected strict or lenient") }
    return rule
}

/// The value of `--pass-rate`.
@Sendable private func shares(_ text: String) throws -> ClosedRange<Double> {
    let bounds = text.components(separatedBy: "...").map { Double($0) }
    guard bounds.count == 2, let low = bounds[0], let high = bounds[1], 0 <= low, low <= high, high <= 1 else {
        throw ValidationError("expected two shares from 0 to 1, the lower one first, such as 0.2...0.8")
    }
    return low...high
}
