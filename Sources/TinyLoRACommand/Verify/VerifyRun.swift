import Foundation
import TinyLoRA
import TinyFoundation

/// One run of `tinylora verify`: all divisions in each arithmetic, compared and shown.
struct VerifyRun {
    let model: VerifiedModel
    let arithmetics: [Arithmetic]
    /// Numbers of threads, ascending.
    let threads: [Int]
    let sizes: VerifiedSizes
    /// Only what others are compared with: for another process.
    let isFirstOnly: Bool
    /// A result of another machine to compare with.
    let reference: (path: String, record: VerifyRecord)?
    let program: URL
    let console: Console

    private var most: Int { threads[threads.count - 1] }

    /// A model with more parameters would take hours with the plain kernels.
    private static let mostPlainParameters = 20_000_000
    /// How many times slower the plain kernels are, for the time left.
    private static let plainSlowness = 150.0
    /// What opening a model costs, in rows.
    private static let startingRows = 500.0

    /// Computes and shows everything.
    ///
    /// - Returns: How many divisions differ.
    func run() async throws -> Int {
        var record = VerifyRecord(
            model: "", weights: "", promptTokens: sizes.promptTokens, newTokens: sizes.newTokens,
            instructions: InstructionSet.active.rawValue)
        for (place, arithmetic) in arithmetics.enumerated() {
            let opened = try model.open(arithmetic)
            let work = try VerifiedWork(model: opened.model, checkpoint: opened.checkpoint, sizes: sizes)
            if place == 0 {
                (record.model, record.weights) = (opened.name, opened.weights)
                try checkReference(record)
                introduce(work, name: opened.name)
            }
            showHeader(arithmetic)
            let first = work.firstDivisions(threads: most)
            var divisions = first
            if !isFirstOnly {
                divisions += work.otherDivisions(threads: threads)
                divisions += divisionsElsewhere(work, costing: first.reduce(0) { $0 + $1.cost }, arithmetic)
            }
            try await compute(divisions, arithmetic, into: &record, repeats: arithmetics.count - place)
            if !isFirstOnly { skipOtherSets(work, arithmetic, in: &record) }
            if let (path, other) = reference {
                let found = try record.values(arithmetic, of: other, named: path)
                show(record.add(found, of: "\(path), \(other.instructions) kernels", arithmetic))
            }
        }
        console.say("\(record.differing) of \(record.compared) differ")
        try console.result(record)
        return record.differing
    }

    /// A reference that cannot be compared with is an error before the work.
    private func checkReference(_ record: VerifyRecord) throws {
        guard let (path, other) = reference else { return }
        for arithmetic in arithmetics { _ = try record.values(arithmetic, of: other, named: path) }
    }

    /// Runs the divisions in order and compares each with what was found before.
    ///
    /// - Parameter repeats: How often as much will be done, this time included.
    private func compute(
        _ divisions: [WorkDivision], _ arithmetic: Arithmetic, into record: inout VerifyRecord, repeats: Int
    ) async throws {
        let start = ContinuousClock.now, total = divisions.reduce(0) { $0 + $1.cost }
        var done = 0.0, sampled = Findings()
        for (index, division) in divisions.enumerated() {
            let elapsed = (ContinuousClock.now - start) / .seconds(1)
            let rest = total - done - division.cost + Double(repeats - 1) * total
            let label = "\(arithmetic.rawValue)  \(division.name) · \(index + 1)/\(divisions.count)"
            let seconds = done > 0 ? (elapsed / done * division.cost, elapsed / done * rest) : nil
            let found = try await showingProgress(label, seconds) { try await division.run(sampled) }
            if index == 0 { sampled = found }
            done += division.cost
            show(record.add(found, of: division.name, arithmetic))
        }
    }

    /// The first divisions on each other instruction set that this processor has, in a process of its own.
    private func divisionsElsewhere(
        _ work: VerifiedWork, costing cost: Double, _ arithmetic: Arithmetic
    ) -> [WorkDivision] {
        InstructionSet.available.filter { $0 != .active && reasonToSkip($0, work) == nil }.map { set in
            let cost = (cost + Self.startingRows) * (set == .plain ? Self.plainSlowness : 1)
            let process = VerifyProcess(
                program: program, model: model, arithmetic: arithmetic, threads: most, sizes: sizes)
            return WorkDivision(name: "\(set.rawValue) kernels", cost: cost) { _ in try process.findings(on: set) }
        }
    }

    private func reasonToSkip(_ set: InstructionSet, _ work: VerifiedWork) -> String? {
        if !InstructionSet.available.contains(set) { return "this processor or system lacks them" }
        let isLarge = work.model.configuration.parameterCount > Self.mostPlainParameters
        return set == .plain && isLarge ? "too slow for this model; the package's tests compare them" : nil
    }

    private func skipOtherSets(_ work: VerifiedWork, _ arithmetic: Arithmetic, in record: inout VerifyRecord) {
        for set in InstructionSet.allCases where set != .active {
            guard let reason = reasonToSkip(set, work) else { continue }
            let division = VerifyRecord.Division(
                arithmetic: arithmetic, name: "\(set.rawValue) kernels", outcome: .skipped, note: reason)
            record.divisions.append(division)
            show(division)
        }
    }

    /// Shows what is computed and the time left while something is.
    ///
    /// - Parameter seconds: What it is expected to take, and everything after it; `nil` when nothing is known.
    private func showingProgress<Result>(
        _ label: String, _ seconds: (this: Double, rest: Double)?, _ body: () async throws -> Result
    ) async throws -> Result {
        let start = ContinuousClock.now, console = console
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + .milliseconds(200), repeating: .milliseconds(500))
        timer.setEventHandler {
            let elapsed = (ContinuousClock.now - start) / .seconds(1)
            let left = seconds.map { " · \(clockTime(max(0, $0.this - elapsed) + $0.rest)) left" } ?? ""
            console.progress("\(label) · \(clockTime(elapsed))\(left)")
        }
        timer.resume()
        defer { timer.cancel() }
        return try await body()
    }

    // MARK: Display

    private static let nameWidth = 36, hashWidth = 11

    private func introduce(_ work: VerifiedWork, name: String) {
        let lengths = work.prompts.map(\.tokens.count), new = work.prompts.map(\.newTokens)
        console.say(
            "model      \(name) · \(counted(work.model.configuration.parameterCount, "parameter")) · "
                + "\(InstructionSet.active.rawValue) kernels · \(counted(most, "thread"))")
        console.say(
            "work       \(counted(work.prompts.count, "prompt")) of \(range(lengths)) tokens · "
                + "\(counted(work.samples().count, "sample")) of \(range(new)) new ones · 2 adapters and none")
    }

    private func range(_ counts: [Int]) -> String {
        let (least, most) = (counts.min() ?? 0, counts.max() ?? 0)
        return least == most ? "\(least)" : "\(least) to \(most)"
    }

    private func showHeader(_ arithmetic: Arithmetic) {
        console.say(
            left(arithmetic.rawValue, Self.nameWidth + 2)
                + Findings.Kind.allCases.map { left($0.rawValue, Self.hashWidth) }.joined())
    }

    private func show(_ division: VerifyRecord.Division) {
        let hashes = Findings.Kind.allCases.map { left(division.hashes[$0.rawValue] ?? "", Self.hashWidth) }.joined()
        let outcome =
            switch division.outcome {
            case .first, .same: division.outcome.rawValue
            case .different: "DIFFERENT at \(division.note ?? "")"
            case .skipped: "skipped: \(division.note ?? "")"
            }
        console.say("  " + left(division.name, Self.nameWidth) + hashes + outcome)
    }
}
