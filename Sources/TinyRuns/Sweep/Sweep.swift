public import Foundation
internal import TinyAbacus
internal import TinyCheckpoint
internal import TinyFoundation
public import TinyRecords

/// How far a running run of a sweep is.
public struct SweepProgress: Sendable {
    /// The run.
    public let name: String
    /// Its steps; `nil` while they are not known, because they follow from epochs and the run has not counted its problems.
    public let steps: Int?
    /// Finished steps.
    public let finished: Int
    /// Those of them that were finished before this call started or followed the run.
    public let earlier: Int
    /// How long a step takes, evaluations between steps included; `nil` before the first of this call.
    public let secondsPerStep: Double?
    /// The last finished step.
    public let last: StepRecord?
    /// What it last told people, which says what it does between two steps; `nil` where it has told nothing yet.
    public let message: String?
    /// What its job waits for in a cluster's queue, in the cluster's word; `nil` when it runs.
    public var waitsFor: String?
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
    /// A run was ended by its cluster and will be resumed; the sentence says why.
    case interrupted(String, reason: String)
    /// What a cluster has done or said, as a sentence.
    case note(String)
    /// A signal stops this many running runs.
    case stopping(Int)
}

/// The sweep was ended by a signal; the same call resumes it.
public struct SweepInterruption: Error {
    /// The signal's number.
    public let signal: Int32
}

/// Executes a sweep: starts the runs that are due, each as a process or as a job of a cluster, and records how they end.
///
/// ``SweepState`` decides what to run, an executor where; here are the loop between them, signals and the record.
public struct Sweep: Sendable {
    /// How a sweep is executed. None of it changes a result.
    public struct Options: Sendable {
        /// Where runs are executed.
        public var place = Place.processes(jobs: ProcessInfo.processInfo.activeProcessorCount)
        /// Threads of each run. One each is the most efficient when there are as many runs as cores.
        public var threads = 1
        /// Further arguments of every run's `tinylora train`, such as those that name engines in other processes.
        public var arguments: [String] = []
        /// The `tinylora` program that runs are started with.
        public var program: URL
        /// Starts only runs whose names it accepts.
        public var selecting: @Sendable (String) -> Bool = { _ in true }

        /// One run per core of this machine.
        public init(program: URL) { self.program = program }
    }

    /// Where the runs of a sweep are executed.
    public enum Place: Sendable {
        /// As processes of this machine, so many at a time. They end when the sweep does.
        case processes(jobs: Int)
        /// As jobs of the Slurm cluster to which `sbatch` submits. They go on without the sweep.
        case slurm(SlurmOptions)
    }

    /// How jobs are submitted to Slurm.
    public struct SlurmOptions: Sendable {
        /// Most runs under way at a time; `nil` leaves it to the cluster.
        public var jobs: Int?
        /// Further options of `sbatch`, such as `--partition=long`.
        public var sbatch: [String] = []

        /// No limit, no options.
        public init() {}
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
        case changed
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
        // Before anything is made; again when runs have their names, by which they are selected.
        let checks = RunChecks()
        try plan.check(options.selecting, in: folder, by: checks)
        try folder.make()
        lock = try DirectoryLock(folder.path)
        // Only now, because another sweep may have begun runs until it let the folder go.
        let (plan, begun, gone) = try plan.named(in: folder)
        try plan.check(options.selecting, in: folder, by: checks)
        let previous = try folder.previous()
        self.gone = gone
        created = previous?.created ?? Date().ISO8601Format()
        self.plan = plan
        self.file = file
        self.folder = folder
        self.options = options
        self.report = report
        if let weakness = lock.weakness { report(.warning(weakness)) }
        let selected = plan.runs.filter { options.selecting($0.name) }
        for warning in overlapWarnings(selected, checks) { report(.warning(warning)) }
        guard let previous else { return }
        let known = Set(previous.runs.map(\.name)).union(begun)
        let fresh = plan.runs.map(\.name).filter { !known.contains($0) }
        if !fresh.isEmpty { report(.newRuns(fresh)) }
        if !gone.isEmpty { report(.unknownRuns(gone)) }
    }

    /// Runs until no run is due.
    ///
    /// - Returns: What `sweep.json` holds at the end, failed runs included, and the state behind it.
    /// - Throws: ``SweepInterruption`` after a signal, and errors of files that cannot be written.
    public func run() async throws -> (record: SweepRecord, state: SweepState) {
        var beginnings: [String: ContinuousClock.Instant] = [:]
        var stop: Int32?
        let interruption = Interruption()
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let signals = watchSignals {
            interruption.interrupt($0)
            continuation.yield(.interrupted($0))
        }
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
        let executor = executor { continuation.yield(.changed) }
        let underWay: [String]
        do {
            underWay = try await interruption.cancelling { try await executor.underWay { report(.note($0)) } }
        } catch {
            throw interruption.signal.map { SweepInterruption(signal: $0) } ?? error
        }
        // After that, because a run may have ended meanwhile.
        var outcomes: [String: SweepOutcome] = [:]
        for run in plan.runs where !underWay.contains(run.name) {
            if let score = folder.score(run.name) { outcomes[run.name] = .finished(score) }
        }
        var state = SweepState(plan, outcomes: outcomes, selecting: options.selecting)

        func begin(_ names: [String]) {
            for name in names {
                state.begin(name)
                beginnings[name] = .now
            }
        }
        func tell() { for note in executor.notes() { report(.note(note)) } }

        begin(underWay)
        report(.started(state))
        try save(state)
        var iterator = events.makeAsyncIterator()
        following: while true {
            if interruption.signal == nil {
                let due = state.due()
                begin(try await interruption.cancelling { try await executor.start(due) })
            }
            tell()
            guard !state.running.isEmpty || stop == nil && !state.due().isEmpty,
                let event = await iterator.next()
            else { break }
            switch event {
            case .changed: break
            case .tick: report(.progress(state, executor.progress().sorted { $0.name < $1.name }))
            case .interrupted(let signal):
                stop = stop ?? signal
                guard executor.interrupt() else { break following }
                report(.stopping(state.running.count))
            }
            let endings = executor.endings()
            for (name, ending) in endings {
                let seconds = beginnings[name].map { (ContinuousClock.now - $0) / .seconds(1) } ?? 0
                if ending == .exited(0), let score = folder.score(name) {
                    state.end(name, .finished(score))
                    report(.finished(name, score, seconds: seconds, state))
                } else if stop != nil {
                    state.interrupt(name)
                } else if case .interrupted(let reason) = ending {
                    state.interrupt(name)
                    report(.interrupted(name, reason: reason))
                } else {
                    let failure = try folder.failure(name, ending)
                    state.end(name, .failed(failure.error))
                    report(.failed(name, failure, state))
                }
            }
            if !endings.isEmpty { try save(state) }
        }
        tell()
        let record = try save(state)
        if let stop { throw SweepInterruption(signal: stop) }
        return (record, state)
    }

    private func executor(changed: @escaping @Sendable () -> Void) -> any SweepExecutor {
        let command = RunCommand(program: options.program, threads: options.threads, rest: options.arguments)
        return switch options.place {
        case .processes(let jobs): ProcessExecutor(in: folder, command: command, jobs: jobs, changed: changed)
        case .slurm(let slurm): SlurmExecutor(plan, in: folder, command: command, options: slurm, changed: changed)
        }
    }

    @discardableResult
    private func save(_ state: SweepState) throws -> SweepRecord {
        let record = SweepRecord(
            state, file: absolutePath(file), version: TinyLoRAVersion.current, created: created, gone: gone)
        try folder.write(record)
        return record
    }
}

/// What the problem files of some runs share, each sentence once. Files that cannot be read fail their runs.
private func overlapWarnings(_ runs: [SweepRun], _ checks: RunChecks) -> [String] {
    var asked: Set<[String]> = [], warnings: [String] = []
    for run in runs.map(\.configuration) where run.hasProblemFile {
        let evaluation = run.evaluation
        let files = [run.train, run.eval, evaluation.validationFile].map { $0 ?? "" }
        let counts = [evaluation.problems, evaluation.validationProblems].map { "\($0 ?? -1)" }
        guard asked.insert(files + counts).inserted, let problems = try? checks.problems(run) else { continue }
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

extension SweepPlan {
    /// Checks that the runs that are selected and not finished can start: one of each cell and value of the tuned key, since runs
    /// that differ in their seed only have the same files and settings.
    ///
    /// - Throws: The error of the first that cannot, with the name of its cell.
    public func check(
        _ isSelected: (String) -> Bool, in folder: SweepFolder, by checks: RunChecks = RunChecks()
    ) throws {
        var seen: Set<String> = []
        for run in runs where isSelected(run.name) && folder.score(run.name) == nil {
            guard seen.insert("\(run.cell) \(run.candidate?.description ?? "")").inserted else { continue }
            do {
                try checks.check(run.configuration)
            } catch let error as any ExplainedError {
                throw RunError(
                    .invalidValue, "cell \(cells[run.cell].name): \(error.message)", hint: error.hint,
                    underlying: error)
            }
        }
    }

    /// The plan with the names that its runs have in a folder, where some were begun, and with the arithmetic of each.
    ///
    /// - Returns: Names of runs that were begun, and of those of them that this plan has not.
    /// - Throws: ``RunError`` for files that are damaged, and for two runs that are the same.
    public func named(in folder: SweepFolder) throws -> (plan: SweepPlan, begun: Set<String>, gone: [String]) {
        var begun = try folder.begun(), plan = self
        let own = ownArithmetic(of: runs.map(\.configuration) + begun.values)
        try plan.nameArithmetic { own[$0.model] }
        for (name, run) in begun { begun[name]?.arithmetic = run.arithmetic ?? own[run.model] }
        let gone = plan.keepNames(of: begun)
        return (plan, Set(begun.keys), gone)
    }
}

extension TrainingConfiguration {
    fileprivate var hasProblemFile: Bool { train != nil || eval != nil || evaluation.validationFile != nil }
}
