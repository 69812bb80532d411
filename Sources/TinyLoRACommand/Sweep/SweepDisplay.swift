import Foundation
import Synchronization
import TinyLoRA
import TinyFoundation

/// Turns what happens in a sweep into lines for people.
final class SweepDisplay: Sendable {
    private let console: Console
    private let folder: String
    private let place: Sweep.Place
    private let began = ContinuousClock.now
    private let known = Mutex(Known())

    /// What the lines need to know of the past.
    private struct Known {
        var estimates: [String: RunEstimate] = [:]
        /// Runs that were finished before this call.
        var kept: Set<String> = []
        /// Cells whose choice was shown.
        var shown: Set<String> = []
    }

    init(console: Console, folder: String, place: Sweep.Place) {
        self.console = console
        self.folder = folder
        self.place = place
    }

    func show(_ event: SweepEvent) {
        switch event {
        case .newRuns(let names):
            let count = names.count == 1 ? "1 run is" : "\(names.count) runs are"
            console.note("the file has changed: \(count) new: \(listed(names))")
        case .unknownRuns(let names):
            let count = names.count == 1 ? "1 run that was started is" : "\(names.count) runs that were started are"
            console.note("\(count) no longer in the file and left as they are: \(listed(names))")
        case .warning(let sentence): console.warn(sentence)
        case .started(let state):
            known.withLock { known in
                known.estimates = Dictionary(
                    state.plan.runs.map { ($0.name, RunEstimate($0.configuration)) }, uniquingKeysWith: { $1 })
                known.kept = Set(state.outcomes.keys)
                known.shown = Set(state.choices.map(\.cell))
            }
            console.note("sweep      \(folder) · \(place.summary)")
            let done = state.outcomes.count
            if done > 0 { console.note("resuming   \(counted(done, "run")) done, \(state.due().count) can start") }
            if !state.running.isEmpty {
                console.note("following  \(counted(state.running.count, "run")) in the queue")
            }
        case .progress(let state, let runs):
            console.board { shown(runs).map(line) + [overall(state, runs)] }
        case .finished(let name, let score, let seconds, let state):
            console.note(
                "finished   \(name)" + (score.test.map { String(format: " · test %.1f %%", 100 * $0) } ?? "")
                    + (score.validation.map { String(format: " · validation %.1f %%", 100 * $0) } ?? "")
                    + (score.meanScore.map { String(format: " · validation score %.3f", $0) } ?? "")
                    + " · \(clockTime(seconds))")
            showChoices(of: state)
        case .failed(let name, let failure, let state):
            console.note("FAILED     \(name) after \(counted(failure.step, "step")): \(failure.error)")
            showChoices(of: state)
        case .interrupted(let name, let reason): console.note("resuming   \(name): \(reason)")
        case .note(let sentence): console.note(sentence)
        case .stopping(let count):
            console.note("stopping \(count == 1 ? "1 run" : "\(count) runs")")
        }
    }

    private func listed(_ names: [String]) -> String {
        names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
    }

    /// Choices that were made since the last call.
    private func showChoices(of state: SweepState) {
        for choice in state.choices where known.withLock({ $0.shown.insert(choice.cell).inserted }) {
            let candidates = choice.candidates.map { candidate in
                let measure = choice.measure(of: candidate).map {
                    choice.isByScore ? String(format: "%.3f", $0) : String(format: "%.1f %%", 100 * $0)
                }
                return "\(candidate.value) " + (measure ?? "failed")
            }
            let chosen = choice.value.map { "\(choice.key) \($0)" } ?? "nothing: every run failed"
            console.note(
                "chosen     \(choice.cell): \(chosen) · validation\(choice.isByScore ? " score" : ""): "
                    + candidates.joined(separator: ", ") + (choice.isTied ? " (equal: the smallest is taken)" : ""))
        }
    }

    /// The runs that have a line: those that run, as many as fit on a screen.
    private func shown(_ runs: [SweepProgress]) -> ArraySlice<SweepProgress> {
        runs.filter { $0.waitsFor == nil }.prefix(20)
    }

    private func line(_ run: SweepProgress) -> String {
        // After the last step comes an evaluation, whose time is not known.
        let stepsLeft = run.steps.map { max(0, $0 - run.finished) }
        let time = run.secondsPerStep.flatMap { seconds in stepsLeft.map { clockTime(seconds * Double($0)) } } ?? "?"
        let left = stepsLeft != 0 ? " · left \(time)" : ""
        let steps = run.steps.map(String.init) ?? "?"
        let reward = run.last?.metrics.rollout.map { String(format: " · reward %.3f", $0.reward) } ?? ""
        let rate = run.last.map { " · \(grouped(Int($0.time.tokensPerSecond))) tok/s" } ?? ""
        return "  \(run.name)  step \(run.finished)/\(steps)\(reward)\(rate)\(left)"
            + (news(of: run).map { " · \($0)" } ?? "")
    }

    /// What a run does now, where its steps are too slow to show that it moves: before its first, and when one takes longer than
    /// half a minute.
    private func news(of run: SweepProgress) -> String? {
        run.secondsPerStep.map { $0 < 30 } == true ? nil : run.message
    }

    private func overall(_ state: SweepState, _ runs: [SweepProgress]) -> String {
        let (estimates, kept) = known.withLock { ($0.estimates, $0.kept) }
        // Runs of an earlier choice, which are not needed any more, are done all the same.
        let done = state.outcomes.count, toCome = state.awaitingChoice
        let total = done + runs.count + state.due().count + toCome
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        // Work done in this call against work left, where runs not yet due count as the average. The evaluation before the first
        // step is left out: runs of one model share it.
        let costs = estimates.mapValues { $0.stepsCost + $0.evaluationCost }
        var finished = state.outcomes.keys.filter { !kept.contains($0) }.reduce(0) { $0 + (costs[$1] ?? 0) }
        var left = state.due().reduce(0) { $0 + (costs[$1.name] ?? 0) }
        for run in runs {
            guard let estimate = estimates[run.name] else { continue }
            // A run has counted its epochs before its first step.
            let steps = max(1, run.steps ?? 1), cost = estimate.stepsCost / Double(steps)
            finished += Double(min(steps, run.finished) - min(steps, run.earlier)) * cost
            left += Double(steps - min(steps, run.finished)) * cost + estimate.evaluationCost
        }
        left += Double(toCome) * costs.values.reduce(0, +) / Double(max(1, costs.count))
        let estimate = finished > 0 ? clockTime(left * seconds / finished) : "?"
        let waiting = runs.compactMap(\.waitsFor), running = runs.count - waiting.count
        let queued = waiting.isEmpty ? "" : " · \(waiting.count) queued (\(mostFrequent(waiting)))"
        return "  \(done)/\(total) runs · \(running) running\(queued) · elapsed \(clockTime(seconds))"
            + " · left \(estimate)"
    }
}

/// The word that is there most often, the first of equal ones.
private func mostFrequent(_ words: [String]) -> String {
    let counts = Dictionary(words.map { ($0, 1) }, uniquingKeysWith: +)
    return words.max { counts[$0, default: 0] < counts[$1, default: 0] } ?? ""
}

extension Sweep.Place {
    /// Where, and how many runs at a time.
    var summary: String {
        switch self {
        case .processes(let jobs): "\(jobs) at a time"
        case .slurm(let options): "on Slurm" + (options.jobs.map { ", \($0) at a time" } ?? "")
        }
    }
}

/// One row per cell: the mean over its final runs.
func showTable(_ state: SweepState, on console: Console) {
    let rows = state.plan.cells.map { cell in
        let finals = state.runs(of: cell).filter(state.isFinal)
        let scores = finals.compactMap { run -> SweepScore? in
            if case .finished(let score) = state.outcomes[run.name] { score } else { nil }
        }
        return Row(
            name: cell.name,
            chosen: state.choices.first { $0.cell == cell.name }?.value?.description ?? "",
            seeds: "\(scores.count)/\(cell.seeds.count)", test: scores.compactMap(\.test))
    }
    let width = max(4, rows.map(\.name.count).max() ?? 0)
    let key = state.plan.tuning?.key ?? ""
    let keyWidth = max(key.count, rows.map(\.chosen.count).max() ?? 0)
    console.say("\(left("cell", width))  \(column(key, keyWidth))  runs   test %    min    max")
    for row in rows {
        let numbers =
            row.test.isEmpty
            ? column("–", 9)
            : column(100 * row.test.reduce(0, +) / Double(row.test.count), 9, places: 1)
                + column(100 * (row.test.min() ?? 0), 7, places: 1)
                + column(100 * (row.test.max() ?? 0), 7, places: 1)
        console.say(
            "\(left(row.name, width))  \(column(row.chosen, keyWidth))  \(column(row.seeds, 4))\(numbers)")
    }
}

private struct Row {
    let name: String
    let chosen: String
    let seeds: String
    let test: [Double]
}

/// Shows what a sweep would do.
func show(_ outline: SweepOutline, on console: Console, folder: String, place: Sweep.Place) {
    let runs = outline.runs
    let width = max(3, runs.map(\.name.count).max() ?? 0)
    console.say("\(left("run", width))    steps  completions  tokens at most")
    for run in runs {
        let estimate = run.estimate
        console.say(
            left(run.name, width) + column(estimate.steps.map(grouped) ?? "?", 9)
                + column(estimate.completions.map(grouped) ?? "?", 13)
                + column(estimate.tokensAtMost.map(grouped) ?? "?", 16) + (run.tuning ? "  decides" : ""))
    }
    let known = runs.compactMap(\.estimate.completions), unknown = runs.count - known.count
    let completions = grouped(known.reduce(0) { $0 &+ $1 }) + " completions in all"
    let rest = unknown == 0 ? "" : ", without \(counted(unknown, "run")) whose problems cannot be counted"
    console.say(
        "\(grouped(runs.count)) runs in \(grouped(outline.cells)) cells, of which \(grouped(outline.expectedRuns)) are needed once "
            + "values are chosen · \(completions)\(rest) · \(place.summary)")
    console.say("sweep      \(folder)")
}
