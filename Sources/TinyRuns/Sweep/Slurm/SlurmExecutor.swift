internal import Foundation
internal import Synchronization
internal import TinyFoundation
internal import TinyRecords

/// Executes a sweep's runs as jobs of a Slurm cluster: those that are due together are one job array.
///
/// Jobs do not depend on this process. What it knows of them stands in files before they are submitted, so another call finds
/// them again. Whether a run is finished or has failed is read from its folder, as everywhere; Slurm is asked only whether its
/// job is still there, and why not.
final class SlurmExecutor: SweepExecutor {
    /// When Slurm is asked, in seconds.
    struct Timing: Sendable {
        /// Between two questions, right after something has changed.
        var shortest = 1.0
        /// Between two questions when nothing happens.
        var longest = 15.0
        /// For files of a job that has ended to be seen here: network file systems show them late.
        var grace = 20.0
        /// For a submission to be answered when the sweep is interrupted.
        var submission = 5.0
        /// For an array to come into the queue whose submission was not answered: a busy controller may take it late.
        var settling = 60.0
    }

    /// A run whose job was submitted.
    private struct Job {
        let array: JobArray
        let index: Int
        let follower: RunFollower
        /// From which step the run could be resumed when the job was submitted; 0 where an earlier call did that.
        let resumable: Int
        /// Why it does not run yet, in Slurm's word; `nil` when it runs.
        var waitsFor: String? = "submitted"
        /// Since when its job has ended without a word of the run.
        var ended: ContinuousClock.Instant?
    }

    private struct State {
        var jobs: [String: Job] = [:]
        /// An array whose submission was not answered, so that it may or may not be in the queue.
        var unanswered: (array: JobArray, since: ContinuousClock.Instant, mayBeTaken: Bool)?
        var triedAt = ContinuousClock.now
        /// When Slurm answered last, by cluster; before the first answer of one, it is taken for the beginning.
        var answeredAt: [String?: ContinuousClock.Instant] = [:]
        let began = ContinuousClock.now
        var endings: [(name: String, ending: RunEnding)] = []
        var notes: [String] = []
        /// Jobs in a row that brought a run no further.
        var fruitless: [String: Int] = [:]
        var wait = 0.0
        var polling: Task<Void, Never>?
        /// Whether some question had no answer the last time.
        var isSilent = false
    }

    private let sweep: String
    /// The runs that may be needed, by name.
    private let runs: [String: SweepRun]
    private let folder: SweepFolder
    private let arrays: JobArrays
    private let command: RunCommand
    private let options: Sweep.SlurmOptions
    private let timing: Timing
    private let changed: @Sendable () -> Void
    private let state = Mutex(State())

    init(
        _ plan: SweepPlan, in folder: SweepFolder, command: RunCommand, options: Sweep.SlurmOptions,
        timing: Timing = Timing(), changed: @escaping @Sendable () -> Void
    ) {
        sweep = plan.name
        runs = Dictionary(plan.runs.map { ($0.name, $0) }) { $1 }
        self.folder = folder
        arrays = JobArrays(in: folder)
        self.command = command
        self.options = options
        self.timing = timing
        self.changed = changed
    }

    deinit { state.withLock { $0.polling?.cancel() } }

    // MARK: Jobs of an earlier call

    func underWay(_ tell: @Sendable (String) -> Void) async throws -> [String] {
        var latest: [String: (array: JobArray, index: Int)] = [:]
        let known = try arrays.all()
        for array in known { for (index, run) in array.runs.enumerated() { latest[run] = (array, index) } }
        latest = latest.filter { runs[$0.key] != nil && folder.score($0.key) == nil }
        let asked = latest.values.map(\.array)
        var queue = try await answer(asked)
        // The last array may be in the very act of being submitted by a process that was lost or interrupted a moment ago.
        if let last = known.last, last.job == nil, asked.contains(last) {
            let begin = ContinuousClock.now, wait = min(timing.settling, timing.settling - last.age)
            if !queue.has(last.name), wait > 0 {
                tell("the last submission was not answered; looking for its jobs, for at most \(Int(wait)) s")
            }
            while !queue.has(last.name), seconds(since: begin) < wait {
                try await Task.sleep(for: .seconds(min(3, wait)))
                queue = try await answer(asked)
            }
        }
        let found = latest.filter { _, place in
            switch queue[place.array.name, place.index] {
            // A file system may show the result of one that is complete late.
            case .queued, .running, .ended("CD"): true
            case .ended, nil: false
            }
        }
        var confirmed: [String: JobArray] = [:]
        for array in known { confirmed[array.name] = try confirm(array, in: queue) }
        for (name, place) in found {
            // Every saved state counts as the job's, because what there was before the job is not known.
            follow(name, confirmed[place.array.name] ?? place.array, place.index, resumable: 0)
        }
        if !found.isEmpty { poll() }
        return found.keys.sorted()
    }

    /// The queue, asked until it answers or a few minutes are over.
    private func answer(_ arrays: [JobArray]) async throws -> SlurmQueue {
        var attempt = 0
        while true {
            do {
                return try await SlurmQueue.read(arrays)
            } catch {
                guard error.isPassing, attempt < 5 else { throw error.ended }
                try await Task.sleep(for: .seconds(timing.shortest * Double(1 << attempt)))
                attempt += 1
            }
        }
    }

    /// Writes down the number of an array that is in the queue.
    private func confirm(_ array: JobArray, in queue: SlurmQueue) throws -> JobArray {
        guard array.job == nil, let job = queue.identifiers[array.name] else { return array }
        var array = array
        array.job = job
        try arrays.write(array, command: command)
        return array
    }

    // MARK: Submitting

    func start(_ due: [SweepRun]) async throws -> [String] {
        if let (array, since, mayBeTaken) = state.withLock({ $0.unanswered }) {
            // Nothing else is submitted before this is settled, so that no run gets two jobs.
            guard seconds(since: state.withLock { $0.triedAt }) >= timing.shortest else { return [] }
            defer { state.withLock { $0.triedAt = .now } }
            let queue: SlurmQueue
            do throws(SlurmFailure) { queue = try await SlurmQueue.read([array]) } catch {
                guard error.isPassing else { throw error.ended }
                return []
            }
            if queue.has(array.name) { return started(try confirm(array, in: queue)) }
            return mayBeTaken && seconds(since: since) < timing.settling ? [] : try await submit(array)
        }
        let under = state.withLock { $0.jobs.count }
        let runs = due.prefix(min(JobArray.mostTasks, max(0, (options.jobs ?? .max) - under)))
        guard !runs.isEmpty else { return [] }
        for run in runs {
            try folder.write(run.configuration, of: run.name)
            try folder.forgetFailure(run.name)
        }
        return try await submit(arrays.next(of: runs.map(\.name), sweep: sweep))
    }

    /// Submits an array that is written before, so that its jobs are found whatever happens meanwhile.
    private func submit(_ array: JobArray) async throws -> [String] {
        guard !Task.isCancelled else { return [] }
        var array = array
        array.submitted = Date().ISO8601Format()
        try arrays.write(array, command: command)
        let arguments =
            [
                "--parsable", "--job-name=" + array.name, "--array=0-\(array.runs.count - 1)",
                "--output=" + arrays.output(of: array), "--ntasks=1", "--cpus-per-task=\(command.threads)", "--requeue",
            ] + (array.clusters.map { ["--clusters=" + $0] } ?? []) + options.sbatch + [arrays.script(of: array)]
        do {
            let output = try await SlurmCommand.run("sbatch", arguments, grace: timing.submission, answers: true)
            guard array.accept(output) else {
                // It is kept, because something may have been submitted.
                let answer = "sbatch answered \(output.prefix(100)) instead of a job's number"
                throw SlurmFailure(.refused, answer, isSubmission: true).ended
            }
            try arrays.write(array, command: command)
            state.withLock { state in
                state.notes.append("submitted  job \(array.job ?? "") with \(counted(array.runs.count, "run"))")
            }
            return started(array)
        } catch let failure as SlurmFailure {
            let mayBeTaken =
                failure.kind == .unanswered || state.withLock { $0.unanswered?.mayBeTaken ?? false }
            // Nobody needs to look for one that was never submitted.
            if !mayBeTaken { arrays.forget(array) }
            guard failure.isPassing else { throw failure.ended }
            state.withLock { state in
                if state.unanswered == nil, !Task.isCancelled {
                    state.notes.append("\(failure.message); waiting until Slurm answers")
                }
                state.unanswered = (array, .now, mayBeTaken)
            }
            return []
        }
    }

    private func seconds(since instant: ContinuousClock.Instant) -> Double {
        (ContinuousClock.now - instant) / .seconds(1)
    }

    /// The array is in the queue.
    private func started(_ array: JobArray) -> [String] {
        for (index, run) in array.runs.enumerated() where runs[run] != nil {
            follow(run, array, index, resumable: folder.resumableStep(of: run))
        }
        state.withLock { $0.unanswered = nil }
        poll()
        return array.runs
    }

    private func follow(_ name: String, _ array: JobArray, _ index: Int, resumable: Int) {
        guard let run = runs[name] else { return }
        let follower = RunFollower(run, in: folder)
        state.withLock {
            $0.jobs[name] = Job(array: array, index: index, follower: follower, resumable: resumable)
        }
    }

    // MARK: Following

    func progress() -> [SweepProgress] {
        state.withLock { Array($0.jobs.values) }.map { job in
            var progress = job.follower.progress()
            progress.waitsFor = job.waitsFor
            return progress
        }
    }

    func endings() -> [(name: String, ending: RunEnding)] {
        state.withLock { state in
            defer { state.endings = [] }
            return state.endings
        }
    }

    func notes() -> [String] {
        state.withLock { state in
            defer { state.notes = [] }
            return state.notes
        }
    }

    func interrupt() -> Bool {
        state.withLock { state in
            state.polling?.cancel()
            let arrays = Dictionary(state.jobs.values.map { ($0.array.name, $0.array) }) { $1 }
            if !arrays.isEmpty {
                state.notes.append(
                    "jobs go on without the sweep; \(JobArray.endings(of: Array(arrays.values))) would end them")
            }
            if let (array, _, mayBeTaken) = state.unanswered, mayBeTaken {
                state.notes.append(
                    "Slurm has not answered the last submission: the same command looks for its jobs, and "
                        + "\(JobArray.endings(of: [array])) would end them")
            }
        }
        return false
    }

    /// Asks Slurm at growing intervals, which begin anew here, until no job is left.
    private func poll() {
        state.withLock { state in
            state.wait = timing.shortest
            guard state.polling == nil else { return }
            state.polling = Task { [weak self] in
                while let wait = self?.state.withLock({ $0.wait }) {
                    do { try await Task.sleep(for: .seconds(wait)) } catch { return }
                    guard await self?.ask() == true else { return }
                }
            }
        }
    }

    /// - Returns: Whether there are still jobs to ask about.
    private func ask() async -> Bool {
        let arrays = state.withLock { $0.jobs.values.map(\.array) }
        var failure: SlurmFailure?
        // One by one: a cluster that is away says nothing of the others.
        for (clusters, asked) in Dictionary(grouping: arrays, by: \.clusters) {
            do throws(SlurmFailure) {
                let queue = try await SlurmQueue.read(asked)
                state.withLock { take(queue, of: clusters, asked: Set(asked.map(\.name)), into: &$0) }
            } catch {
                guard !Task.isCancelled else { return false }
                failure = error
            }
        }
        state.withLock { state in
            if let failure, !state.isSilent { state.notes.append("\(failure.message); jobs are not affected") }
            if failure == nil, state.isSilent { state.notes.append("Slurm answers again") }
            state.isSilent = failure != nil
        }
        changed()
        return state.withLock { state in
            state.wait = min(timing.longest, 2 * state.wait)
            if state.jobs.isEmpty { state.polling = nil }
            return !state.jobs.isEmpty
        }
    }

    private func take(_ queue: SlurmQueue, of clusters: String?, asked names: Set<String>, into state: inout State) {
        // Slurm forgets a single task at once that is cancelled before it begins, and ended ones after minutes only.
        let wasAskedLately = seconds(since: state.answeredAt[clusters] ?? state.began) < 60
        state.answeredAt[clusters] = .now
        for (name, job) in state.jobs where job.array.clusters == clusters && names.contains(job.array.name) {
            var job = job
            let inQueue = queue[job.array.name, job.index]
            switch inQueue {
            case .queued, .running:
                let reason: String? = if case .queued(let reason) = inQueue { reason } else { nil }
                if (job.waitsFor == nil) != (reason == nil) { state.wait = timing.shortest / 2 }
                job.waitsFor = reason
                job.ended = nil
                state.jobs[name] = job
            case .ended, nil:
                job.ended = job.ended ?? .now
                state.jobs[name] = job
                state.wait = timing.shortest / 2
                var code: String? = if case .ended(let code) = inQueue { code } else { nil }
                if inQueue == nil, job.waitsFor != nil, wasAskedLately, queue.has(job.array.name),
                    folder.steps(of: name).count == job.follower.earlier
                {
                    code = JobEnd.cancelled
                }
                let waited = (ContinuousClock.now - (job.ended ?? .now)) / .seconds(1)
                guard let ending = ending(of: name, job, code: code, waited: waited, in: &state) else { continue }
                state.jobs[name] = nil
                state.endings.append((name, ending))
            }
        }
    }

    /// How a run has ended whose job has; `nil` while its files may still come into sight.
    private func ending(
        of name: String, _ job: Job, code: String?, waited: Double, in state: inout State
    ) -> RunEnding? {
        if folder.score(name) != nil { return .exited(0) }
        if folder.hasFailure(name) { return .exited(1) }
        let end = JobEnd(code)
        guard end.isCertain || waited >= timing.grace else { return nil }
        // Steps after the last saved state are made again, so they bring the run no further.
        let isFurther = folder.resumableStep(of: name) > job.resumable
        let fruitless = isFurther ? 0 : (state.fruitless[name] ?? 0) + 1
        state.fruitless[name] = fruitless
        let ending = end.ending(fruitlessJobs: fruitless)
        // What kept the run from starting stands in the job's own output: no program, no directory.
        if case .exited = ending, folder.lastError(of: name) == nil,
            let words = arrays.lastWords(of: job.array, job.index)
        {
            return .failed("its Slurm job failed: \(words)", hint: nil)
        }
        return ending
    }
}
