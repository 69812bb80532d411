import Foundation
import TinyLoRA
import TinyFoundation

/// Compares two directories of evaluations or training runs and shows the outcome.
func showComparison(before: String, after: String, on console: Console) throws {
    let pair = try EvaluationPair(reading: before, and: after)
    guard !pair.comparisons.isEmpty else {
        throw UsageError("\(before) and \(after) have no problem set in common")
    }
    for difference in pair.differences {
        console.warn(
            "\(before) was made with \(difference.setting) \(difference.before), \(after) with \(difference.after), "
                + "which alone may change answers")
    }
    for (directory, sets) in [(before, pair.onlyBefore), (after, pair.onlyAfter)] where !sets.isEmpty {
        console.warn("only \(directory) has \(sets.joined(separator: ", "))")
    }
    for comparison in pair.comparisons {
        console.say("problems   \(comparison.problems) of \(comparison.problemSet)")
        console.say("before     \(before)")
        console.say("after      \(after)")
        console.say()
        showShares(of: comparison, on: console)
        console.say()
        showTransitions(of: comparison, on: console)
        console.say()
        showChanges(of: comparison, on: console)
    }
    try console.result(pair)
}

private func showShares(of comparison: EvaluationComparison, on console: Console) {
    console.say(left("", 18) + "  before     after   points (95 %)")
    func show(_ name: String, _ share: ComparedShare) {
        console.say(
            left(name, 18) + String(format: "%6.1f %%  %6.1f %%   ", 100 * share.before, 100 * share.after)
                + points(share))
    }
    show("strict", comparison.strict)
    show("lenient", comparison.lenient)
    show("in the format", comparison.wellFormed)
    let right = comparison.rightInFormat.map { $0.map { String(format: "%6.1f %%", 100 * $0) } ?? "      – " }
    console.say(left("  right of these", 18) + right[0] + "  " + right[1])
    show("own end", comparison.ended)
    console.say(
        left("tokens", 18) + column(comparison.meanLength[0], 6, places: 0) + "    "
            + column(comparison.meanLength[1], 6, places: 0))
    guard comparison.strictByLength.count == 3 else { return }
    for (name, share) in zip(["short", "medium", "long"], comparison.strictByLength) {
        show("strict, \(name)", share)
    }
}

/// `+53.2 [+47.6, +58.3]`, in points of a percentage; `+53.2 –` where there is no interval.
func points(_ share: ComparedShare) -> String {
    guard let difference = share.difference else {
        return String(format: "%+.1f –", 100 * (share.after - share.before))
    }
    return String(
        format: "%+.1f [%+.1f, %+.1f]", 100 * difference.mean, 100 * difference.low, 100 * difference.high)
}

/// A table of outcomes: rows before, columns after.
private func showTransitions(of comparison: EvaluationComparison, on console: Console) {
    guard let transitions = comparison.transitions else {
        return console.say("outcomes   –, a training run does not record every answer")
    }
    let names: [(AnswerOutcome, String)] = [
        (.right, "right"), (.otherFormat, "other format"), (.cut, "cut off"), (.noAnswer, "no answer"),
        (.wrong, "wrong"),
    ]
    console.say(left("before \\ after", 18) + names.map { column($0.1, 14) }.joined())
    for (outcome, name) in names {
        let row = transitions[outcome] ?? [:]
        console.say(left(name, 18) + names.map { column(grouped(row[$0.0] ?? 0), 14) }.joined())
    }
}

private func showChanges(of comparison: EvaluationComparison, on console: Console) {
    let samples = comparison.samplesPerProblem
    guard let test = comparison.test else {
        console.say(
            "changed    –, no test: \(samples[0]) and \(samples[1]) samples of each problem, so single problems do not compare"
        )
        return
    }
    console.say(
        "changed    \(counted(test.improved, "problem")) better, \(grouped(test.worsened)) worse "
            + "(McNemar \(pValuePhrase(test.pValue)))")
    for change in comparison.changes.prefix(mostChanges) {
        // Of several samples the answer of one says little: shares show what changed.
        let values =
            samples[0] == 1
            ? [change.extractedBefore, change.extractedAfter].map { $0.map { "\"\($0)\"" } ?? "none" }
            : [change.before, change.after].map { "\(Int(($0 * Double(samples[0])).rounded()))/\(samples[0])" }
        console.say(
            "  \(change.before < change.after ? "better" : "worse ")  \(change.problem)"
                + (change.hasAnswers || samples[0] > 1 ? "  \(values[0]) → \(values[1])" : "")
                + (change.answer.map { ", right is \"\($0)\"" } ?? ""))
    }
    if comparison.changes.count > mostChanges {
        console.say("  … \(comparison.changes.count - mostChanges) more; --json has all")
    }
}

private let mostChanges = 40
