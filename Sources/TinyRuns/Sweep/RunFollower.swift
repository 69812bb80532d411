internal import Synchronization
internal import TinyRecords

/// Follows a run by the file of its steps.
final class RunFollower: Sendable {
    let name: String
    private let steps: Int
    private let folder: SweepFolder
    private let reading = Mutex(Reading())

    fileprivate struct Reading {
        var offset = 0
        var steps = 0
        var last: StepRecord?
        /// When this call first saw a new step, and how many there were.
        var first: (time: ContinuousClock.Instant, steps: Int)?
        var secondsPerStep: Double?
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
            if new.count > 0, reading.steps > earlier { reading.time(.now) }
            return SweepProgress(
                name: name, steps: steps, finished: reading.steps, earlier: min(earlier, reading.steps),
                secondsPerStep: reading.secondsPerStep, last: reading.last, message: folder.lastMessage(of: name))
        }
    }
}

extension RunFollower.Reading {
    /// Notes that steps were seen at a time. What came before the first of this call, such as an evaluation, is not a step's time.
    fileprivate mutating func time(_ now: ContinuousClock.Instant) {
        guard let first, steps > first.steps else {
            first = (now, steps)
            secondsPerStep = last?.time.seconds
            return
        }
        secondsPerStep = (now - first.time) / .seconds(1) / Double(steps - first.steps)
    }
}
