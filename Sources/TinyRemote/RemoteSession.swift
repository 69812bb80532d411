internal import TinyEngine
internal import TinyFoundation

/// Samples requests on servers, each sample by a request of its own. Its tokens are reported when the whole sample is there.
final class RemoteSession: SamplingSession {
    private let sampler: RemoteSampler
    private var requestCount = 0
    /// Samples that no server has been asked for, in order.
    private var waiting: [(id: SampleID, job: RemoteJob)] = []
    private var running: [SampleID: (job: RemoteJob, task: Task<Void, Never>)] = [:]
    private var ended: AsyncStream<(SampleID, Result<Completion, any Error>)>.Iterator
    private let sink: AsyncStream<(SampleID, Result<Completion, any Error>)>.Continuation

    init(_ sampler: RemoteSampler) {
        self.sampler = sampler
        let (stream, sink) = AsyncStream.makeStream(of: (SampleID, Result<Completion, any Error>).self)
        ended = stream.makeAsyncIterator()
        self.sink = sink
    }

    deinit { drop { _ in true } }

    func add(_ request: CompletionRequest) throws -> Int {
        let jobs = try sampler.jobs(of: request), id = requestCount
        requestCount += 1
        for (sample, job) in jobs.enumerated() {
            sampler.need(job)
            waiting.append((SampleID(request: id, sample: sample), job))
        }
        return id
    }

    func cancel(_ request: Int) { drop { $0.request == request } }

    /// Nothing to end: a sample is reported when it is complete.
    func stop(_ sample: SampleID) -> Completion? { nil }

    func advance() async throws -> [SamplingEvent] {
        start()
        while !running.isEmpty {
            guard let (id, result) = await ended.next(isolation: nil) else { break }  // this task was cancelled
            guard let (job, _) = running.removeValue(forKey: id) else { continue }  // it was cancelled
            sampler.release(job)
            start()
            do {
                let completion = try result.get()
                return zip(completion.tokens, completion.logprobs).map { token, logprob in
                    .token(id, ScoredToken(token, logprob: logprob), alternatives: [])
                } + [.finished(id, completion)]
            } catch {
                drop { _ in true }
                throw error
            }
        }
        try Task.checkCancellation()
        return []
    }

    /// Asks for as many samples as servers work on at once.
    private func start() {
        while running.count < sampler.parallelRequests, !waiting.isEmpty {
            let (id, job) = waiting.removeFirst()
            let (sampler, sink) = (sampler, sink)
            let task = Task {
                do { sink.yield((id, .success(try await sampler.complete(job)))) } catch {
                    sink.yield((id, .failure(error)))
                }
            }
            running[id] = (job, task)
        }
    }

    /// Ends samples that nobody waits for.
    private func drop(_ isDropped: (SampleID) -> Bool) {
        for (_, job) in waiting.filter({ isDropped($0.id) }) { sampler.release(job) }
        waiting.removeAll { isDropped($0.id) }
        for (id, (job, task)) in running where isDropped(id) {
            task.cancel()
            sampler.release(job)
            running[id] = nil
        }
    }
}
