internal import Foundation

/// Where a sweep's runs are executed: as processes of this machine, or as jobs of a cluster.
///
/// ``Sweep`` decides which runs are due and records how they end. An executor starts them, limits how many are under way, and
/// tells when something has changed.
protocol SweepExecutor: Sendable {
    /// Runs of an earlier call that are still under way, by name.
    ///
    /// - Parameter tell: Told what takes long meanwhile, as a sentence.
    func underWay(_ tell: @Sendable (String) -> Void) async throws -> [String]
    /// Starts as many of the runs that are due as may start now, and returns their names.
    func start(_ due: [SweepRun]) async throws -> [String]
    /// How far the runs are that are under way.
    func progress() -> [SweepProgress]
    /// How runs have ended since the last call.
    func endings() -> [(name: String, ending: RunEnding)]
    /// What there is to tell since the last call, as sentences.
    func notes() -> [String]
    /// The sweep was interrupted: ends the runs that end with it, which are then among the ``endings()``.
    ///
    /// - Returns: Whether there are such runs; others go on without the sweep.
    func interrupt() -> Bool
}

/// How a run's process or job ended.
package enum RunEnding: Sendable, Equatable {
    /// With an exit status.
    case exited(Int32)
    /// By a signal.
    case killed(Int32)
    /// For a reason that the run itself could not write down.
    case failed(String, hint: String?)
    /// For a reason that has nothing to do with the run, which is to be resumed.
    case interrupted(String)
}
