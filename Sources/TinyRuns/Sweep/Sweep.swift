internal import Dispatch
public import Foundation
internal import TinyAbacus
internal import TinyCheckpoint
internal import TinyFoundation
internal import TinyProblems
public import TinyRecords

/// How far a running run of a sweep is.
public struct SweepProgress: Sendable {
    /// The run.
    public let name: String
    /// Its steps.
    public let steps: Int
    /// Finished steps.
    public let finished: Int
    /// Those of them finished since this call started the run.
    public let finishedNow: Int
    /// Seconds since then.
    public let seconds: Double
    /// The last finished step.
    public let last: StepRecord?
}

/// What happens during a sweep.
public enum SweepEvent: Sendable {
    /// The file has runs that an earlier call did not know.
    case newRuns([String])
    /// Runs of an earlier call that the file no longer has; they are left as they are.
    case unknownRuns([String])
    /// Something the user should know, as a sentence.
    case warning(String)
    /// The sweep starts or resumes.
    case started(SweepState)
    /// Once a second.
    case progress(SweepState, [SweepProgress])
    /// A run has finished.
    case finished(String, SweepScore, seconds: Double, SweepState)
    /// A run has failed.
    case failed(String, FailureRecord, SweepState)
    /// A signal stops this many running runs.
    case stopping(Int)
}

/// The sweep was ended by a signal; the same call resumes it.
public struct SweepInterruption: Error {
    /// The signal's number.
    public let signal: Int32
}

/// Executes a sweep: starts the runs that are due, each as a process, and records how they end.
///
/// ``SweepState`` decides what to run; here are processes, signals and the clock.
public struct Sweep: Sendable {
    /// How a sweep is executed. None of it changes a result.
    public struct Options: Sendable {
        /// Runs at a time.
        public var jobs = ProcessInfo.processInfo.activeProcessorCount
        /// Threads of each run. One each is the most efficient when there are as many runs as cores.
        public var threads = 1
        /// The `tinylora` program that runs are started with.
        public var program: URL
        /// Starts only runs whose names it accepts.
        public var selecting: @Sendable (String) -> Bool = { _ in true }

        /// One run per core.
        public init(program: URL) { self.program = program }
    }

    private let plan: SweepPlan
    private let folder: SweepFolder
    private let options: Options
    private let report: @Sendable (SweepEvent) -> Void
    private let file: String
    private let created: String
    private let gone: [String]
    private let lock: DirectoryLock

    private enum Event {
        case ended(String)
        case interrupted(Int32)
        case tick
    }

    /// Locks the folder and finds the runs that were started there.
    ///
    /// - Parameter file: The file that the plan came from, for the record.
    /// - Throws: `FileError` when the folder cannot be written or is in use, ``RunError`` when its files are damaged.
    public init(
        _ plan: SweepPlan, file: String, in folder: SweepFolder, options: Options,
        report: @escaping @Sendable (SweepEvent) -> Void = { _ in }
    ) throws {
        let selected = plan.runs.filter { options.selecting($0.name) }
        for grader in Set(selected.map(\.configuration.grader)).sorted() { try GraderChoice(grader).checkProgram() }
        try folder.make()
        lock = try DirectoryLock(folder.path)
        let previous = try folder.previous()
        var begun = try folder.begun(), plan = plan
        let own = ownArithmetic(of: plan.runs.map(\.configuration) + begun.values)
        try plan.nameArithmetic { own[$0.model] }
        for (name, run) in begun { begun[name]?.arithmetic = run.arithmetic ?? own[run.model] }
        gone = plan.keepNames(of: begun)
        created = previous?.created ?? Date().ISO8601Format()
        self.plan = plan
        self.file = file
        self.folder = folder
        self.options = options
        self.report = report
        for warning in overlapWarnings(selected) { report(.warning(warning)) }
        guard let previous else { return }
        let known = Set(previous.runs.map(\.name)).union(begun.keys)
        let fresh = plan.runs.map(\.name).filter { !known.contains($0) }
        if !fresh.isEmpty { report(.newRuns(fresh)) }
        if !gone.isEmpty { report(.unknownRuns(gone)) }
    }

    /// Runs until no run is due.
    ///
    /// - Returns: What `sweep.json` holds at the end, failed runs included, and the state behind it.
    /// - Throws: ``SweepInterruption`` after a signal, and errors of files that cannot be written.
    public func run() async throws -> (record: SweepRecord, state: SweepState) {
        var outcomes: [String: SweepOutcome] = [:]
        for run in plan.runs { if let score = folder.score(run.name) { outcomes[run.name] = .finished(score) } }
        var state = SweepState(plan, outcomes: outcomes, selecting: options.selecting)
        var children: [String: ChildRun] = [:]
        var interruption: Int32?
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let signals = watchSignals { continuation.yield(.interrupted($0)) }
        let ticker = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: .seconds(1))
                continuation.yield(.tick)
            }
        }
        defer {
            ticker.cancel()
            for signal in signals { signal.cancel() }
        }
        report(.started(state))
        try save(state)

        func fill() throws {
            guard interruption == nil else { return }
            while children.count < options.jobs, let run = state.due().first {
                try folder.write(run.configuration, of: run.name)
                let name = run.name
                children[name] = try ChildRun(
                    name, steps: run.configuration.steps, in: folder, program: options.program, threads: options.threads
                ) { continuation.yield(.ended(name)) }
                state.begin(name)
            }
        }

        try fill()
        var iterator = events.makeAsyncIterator()
        while !children.isEmpty, let event = await iterator.next() {
            switch event {
            case .tick:
                report(.progress(state, children.values.map { $0.progress() }.sorted { $0.name < $1.name }))
            case .interrupted(let signal):
                interruption = signal
                report(.stopping(children.count))
                for child in children.values { child.stop() }
            case .ended(let name):
                guard let child = children.removeValue(forKey: name) else { continue }
                if let score = folder.score(name), child.ending.status == 0, !child.ending.signal {
                    state.end(name, .finished(score))
                    report(.finished(name, score, seconds: child.progress().seconds, state))
                } else if interruption != nil {
                    state.interrupt(name)
                } else {
                    let failure = try folder.failure(name, status: child.ending.status, signal: child.ending.signal)
                    state.end(name, .failed(failure.error))
                    report(.failed(name, failure, state))
                }
                try fill()
                try save(state)
            }
        }
        let record = try save(state)
        if let interruption { throw SweepInterruption(signal: interruption) }
        return (record, state)
    }

    @discardableResult
    private func save(_ state: SweepState) throws -> SweepRecord {
        let record = SweepRecord(
            state, file: absolutePath(file), version: TinyLoRAVersion.current, created: created, gone: gone)
        try folder.write(record)
        return record
    }

    /// Calls `body` for a signal that asks this process to end, which then does not end it.
    private func watchSignals(_ body: @escaping @Sendable (Int32) -> Void) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { body(number) }
            source.resume()
            return source
        }
    }
}

/// What the problem files of some runs share, each sentence once. Files that cannot be read fail their runs.
private func overlapWarnings(_ runs: [SweepRun]) -> [String] {
    var asked: Set<[String]> = [], warnings: [String] = []
    for run in runs.map(\.configuration) where run.hasProblemFile {
        let evaluation = run.evaluation
        let files = [run.train, run.eval, evaluation.validationFile].map { $0 ?? "" }
        let counts = [evaluation.problems, evaluation.validationProblems].map { "\($0 ?? -1)" }
        guard asked.insert(files + counts).inserted, let problems = try? RunProblems(run) else { continue }
        for overlap in problems.overlaps where !warnings.contains("\(overlap)") { warnings.append("\(overlap)") }
    }
    return warnings
}

/// The arithmetic that the weights of each model suggest, by its directory.
private func ownArithmetic(of runs: [TrainingConfiguration]) -> [String?: Arithmetic] {
    var own: [String?: Arithmetic] = [:]
    for model in Set(runs.filter { $0.arithmetic == nil }.map(\.model)) {
        own[model] = try? Checkpoint(directory: model ?? AbacusFiles.directory()).arithmetic
    }
    return own
}

extension TrainingConfiguration {
    fileprivate var hasProblemFile: Bool { train != nil || eval != nil || evaluation.validationFile != nil }
}
