internal import Synchronization
internal import TinyRecords

/// Follows a run by the file of its steps.
package final class RunFollower: Sendable {
    let name: String
    /// The steps that the sweep asks for; `nil` where it asks for epochs.
    private let plannedSteps: Int?
    private let folder: SweepFolder
    private let reading = Mutex(Reading())

    fileprivate struct Reading {
        var offset = 0
        /// The steps that the run itself has written into its settings, once they are there.
        var ownSteps: Int?
        var steps = 0
        var last: StepRecord?
        /// When this call first saw a new step, and how many there were.
        var first: (time: ContinuousClock.Instant, steps: Int)?
        var secondsPerStep: Double?
    }

    /// Steps that were finished at the beginning: another call's, which are not this one's speed.
    let earlier: Int

    package init(_ run: SweepRun, in folder: SweepFolder) {
        name = run.name
        plannedSteps = run.configuration.epochs == nil ? run.configuration.steps : nil
        self.folder = folder
        earlier = folder.steps(of: run.name).count
    }

    /// How far the run is.
    package func progress() -> SweepProgress {
        reading.withLock { reading in
            reading.ownSteps = reading.ownSteps ?? folder.ownSteps(of: name)
            let new = folder.steps(of: name).newLines(after: &reading.offset)
            reading.steps += new.count
            reading.last = new.last ?? reading.last
            if new.count > 0, reading.steps > earlier { reading.time(.now) }
            return SweepProgress(
                name: name, steps: reading.ownSteps ?? plannedSteps, finished: reading.steps,
                earlier: min(earlier, reading.steps),
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
