import ArgumentParser
import Dispatch
import Foundation
import TinyLoRA

/// Carries a sweep out: starts the runs that are due, notes how they end, and tells how far it is.
///
/// What to run is ``SweepState``'s to say; here are processes, signals and the clock.
struct SweepExecution {
    private let plan: SweepPlan
    private let folder: SweepFolder
    private let jobs: Int
    private let threads: Int
    private let console: Console
    private let file: String
    private let created: String
    private let gone: [String]
    private let selecting: @Sendable (String) -> Bool
    private let lock: DirectoryLock

    private enum Event {
        case ended(String)
        case interrupted(Int32)
        case tick
    }

    /// Takes the folder over: finds the runs that were begun, and explains what a changed file means for them.
    init(
        plan: SweepPlan, file: String, folder: SweepFolder, jobs: Int, threads: Int,
        selecting: @escaping @Sendable (String) -> Bool, console: Console
    ) throws {
        try folder.make()
        lock = try DirectoryLock(folder.path)
        let previous = try folder.previous()
        let begun = try folder.begun()
        var plan = plan
        gone = plan.keepNames(of: begun)
        created = previous?.created ?? Date().ISO8601Format()
        self.plan = plan
        self.file = file
        self.folder = folder
        self.jobs = jobs
        self.threads = threads
        self.console = console
        self.selecting = selecting
        guard let previous else { return }
        let known = Set(previous.runs.map(\.name)).union(begun.keys)
        let fresh = plan.runs.map(\.name).filter { !known.contains($0) }
        let newCount = fresh.count == 1 ? "1 run is" : "\(fresh.count) runs are"
        if !fresh.isEmpty { console.note("the file has changed: \(newCount) new: \(listed(fresh))") }
        if !gone.isEmpty {
            console.note(
                "\(gone.count == 1 ? "1 run that was begun is" : "\(gone.count) runs that were begun are") no longer in the "
                    + "file and left as they are: \(listed(gone))")
        }
    }

    func run() async throws {
        var outcomes: [String: SweepOutcome] = [:]
        for run in plan.runs { if let score = folder.score(run.name) { outcomes[run.name] = .finished(score) } }
        let done = outcomes.count
        var state = SweepState(plan, outcomes: outcomes, selecting: selecting)
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
        let display = SweepDisplay(console: console, state: state, jobs: jobs)
        display.header(folder: folder.path, jobs: jobs, done: done, due: state.due().count)
        try save(state)

        func fill() throws {
            guard interruption == nil else { return }
            while children.count < jobs, let run = state.due().first {
                try folder.write(run.configuration, of: run.name)
                let name = run.name
                children[name] = try ChildRun(name, steps: run.configuration.steps, in: folder, threads: threads) {
                    continuation.yield(.ended(name))
                }
                state.begin(name)
            }
        }

        try fill()
        var iterator = events.makeAsyncIterator()
        while !children.isEmpty, let event = await iterator.next() {
            switch event {
            case .tick:
                display.progress(state, children: Array(children.values))
            case .interrupted(let signal):
                interruption = signal
                console.note("stopping \(children.count == 1 ? "1 run" : "\(children.count) runs")")
                for child in children.values { child.stop() }
            case .ended(let name):
                guard let child = children.removeValue(forKey: name) else { continue }
                if let score = folder.score(name), child.ending.status == 0, !child.ending.signal {
                    state.end(name, .finished(score))
                    display.finished(name, score, after: child.began)
                } else if interruption != nil {
                    state.interrupt(name)
                } else {
                    let failure = try folder.failure(name, status: child.ending.status, signal: child.ending.signal)
                    state.end(name, .failed(failure.error))
                    display.failed(name, failure)
                }
                display.tell(newChoicesOf: state)
                try fill()
                try save(state)
            }
        }
        let record = try save(state)
        if let interruption {
            console.note("interrupted: the same command goes on from here")
            throw ExitCode(128 + interruption)
        }
        display.table(state)
        console.say("sweep      \(folder.path)/sweep.json")
        try console.result(record)
        let failed = record.runs.filter { $0.state == "failed" }
        guard failed.isEmpty else {
            let names = failed.map { "\($0.name): \($0.error ?? "")" }.joined(separator: "\n  ")
            throw UsageError("\(failed.count) of \(record.runs.count) runs failed\n  \(names)")
        }
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

    private func listed(_ names: [String]) -> String {
        names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
    }
}
