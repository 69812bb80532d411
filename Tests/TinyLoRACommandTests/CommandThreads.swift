import Foundation
import Testing

/// Runs a suite's tests on threads of their own. They wait for processes, and would hold up the tests of all other targets on
/// the threads that tasks share, of which there is one for each core.
struct CommandThreads: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(BlockingExecutor.shared) { try await function() }
    }
}

extension Trait where Self == CommandThreads {
    /// See ``CommandThreads``.
    static var commandThreads: Self { Self() }
}

/// As many threads as there are cores.
private final class BlockingExecutor: TaskExecutor {
    static let shared = BlockingExecutor()

    private let queue: OperationQueue = {
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = ProcessInfo.processInfo.activeProcessorCount
        return queue
    }()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.addOperation { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
