internal import Dispatch

/// Runs the jobs of a task one after the other on a thread that is not one of Swift's few: each may take seconds.
///
/// ```swift
/// let task = Task(executorPreference: SerialTaskExecutor(label: "sampling")) { … }
/// ```
package final class SerialTaskExecutor: TaskExecutor {
    private let queue: DispatchQueue

    /// The label names the queue for debuggers.
    package init(label: String) { queue = DispatchQueue(label: label) }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
