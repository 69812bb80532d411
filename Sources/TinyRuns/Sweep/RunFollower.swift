internal import Synchronization
internal import TinyRecords

/// Follows a run by the file of its steps.
final class RunFollower: Sendable {
    let name: String
    private let steps: Int
    private let folder: SweepFolder
    private let began = ContinuousClock.now
    private let reading = Mutex(Reading())

    private struct Reading {
        var offset = 0
        var steps = 0
        var last: StepRecord?
    }

    /// Steps that were finished at the beginning: another call's, which are not this one's speed.
    let earlier: Int

    init(_ run: SweepRun, in folder: SweepFolder) {
        name = run.name
        steps = run.configuration.steps
        self.folder = folder
        earlier = folder.steps(of: run.name).count
    }

    /// How far the run is.
    func progress() -> SweepProgress {
        reading.withLock { reading in
            let new = folder.steps(of: name).newLines(after: &reading.offset)
            reading.steps += new.count
            reading.last = new.last ?? reading.last
            return SweepProgress(
                name: name, steps: steps, finished: reading.steps, finishedNow: max(0, reading.steps - earlier),
                seconds: (ContinuousClock.now - began) / .seconds(1), last: reading.last)
        }
    }
}
