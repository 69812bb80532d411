internal import Synchronization
public import TinyFoundation

/// One session that any number of tasks use at once. A task's requests join at the next token and leave at their own end, and
/// get the bits that they get alone.
///
/// ```swift
/// let shared = SharedSession { engine.session() }
/// let mine = try shared.join([request], timeout: .seconds(60))
/// for try await event in mine.events { … }                    // whoever stops reading, leaves
/// ```
///
/// The session is computed on a thread of its own, so that it holds up no other task.
public final class SharedSession: Sendable {
    /// Samples that have joined and not ended.
    public struct Load: Sendable, Equatable {
        /// Those that get a token in every pass.
        public var running = 0
        /// Those that have no token yet.
        public var waiting = 0

        /// How many there are of each.
        public init(running: Int = 0, waiting: Int = 0) {
            self.running = running
            self.waiting = waiting
        }
    }

    private let desk: Desk
    private let loop: Task<Void, Never>

    /// Opens a session and waits for requests.
    ///
    /// - Parameters:
    ///   - waitingLimit: Most samples that wait for their first token; further requests are refused.
    ///   - session: Opens the session, again after one that broke.
    public init(waitingLimit: Int = 1024, session: @escaping @Sendable () -> any SamplingSession) {
        let (calls, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let desk = Desk(waitingLimit: waitingLimit, bell: bell)
        self.desk = desk
        loop = Task(executorPreference: SerialTaskExecutor(label: "tinylora.sampling")) {
            var loop = SessionLoop(desk, session)
            for await _ in calls { await loop.run() }
        }
    }

    deinit { desk.bell.finish() }

    /// What runs and waits now.
    public var load: Load { desk.state.withLock(\.load) }

    /// Tokens sampled since the session was opened, for all that joined.
    public var sampledTokens: Int { desk.state.withLock(\.sampledTokens) }

    /// Adds requests, all or none. They end when the reader of the events stops.
    ///
    /// - Parameter timeout: How long they may take.
    /// - Throws: ``EngineError`` with code `busy` or `closed`, and `invalidSampling` for more samples than may wait. A request that
    ///   is not valid ends the events with its error.
    public func join(_ requests: [CompletionRequest], timeout: Duration? = nil) throws(EngineError) -> JoinedRequests {
        let samples = requests.reduce(0) { $0 + $1.streams.count }
        let (events, sink) = AsyncThrowingStream.makeStream(of: SamplingEvent.self, throwing: (any Error).self)
        let id = try desk.state.withLock { state throws(EngineError) in
            guard !state.isClosed else { throw Self.closed }
            guard samples <= desk.waitingLimit else {
                throw EngineError(
                    .invalidSampling,
                    "the request has \(counted(samples, "sample")), and at most \(desk.waitingLimit) may wait")
            }
            guard state.load.waiting + samples <= desk.waitingLimit else {
                throw EngineError(
                    .busy,
                    "\(state.load.waiting) of at most \(counted(desk.waitingLimit, "sample")) wait, "
                        + "and the request has \(samples) more",
                    hint: "try again later")
            }
            state.load.waiting += samples
            state.count += 1
            state.news.append(
                .joined(
                    Ticket(
                        id: state.count, requests: requests, sink: sink, deadline: timeout.map { .now + $0 },
                        samples: samples)))
            return state.count
        }
        sink.onTermination = { [desk] _ in desk.tell(.left(id)) }
        desk.bell.yield()
        return JoinedRequests(events: events, id: id, desk: desk)
    }

    /// Refuses further requests, and returns when those that joined have ended. What is not complete in time ends with an error
    /// of code `closed`.
    public func close(within time: Duration) async {
        desk.state.withLock { state in
            state.isClosed = true
            state.closing = min(state.closing ?? .now + time, .now + time)
        }
        desk.bell.finish()
        await loop.value
        // Requests that joined just before, which the loop did not see.
        let missed = desk.state.withLock { state in
            defer { state.news = [] }
            return state.news
        }
        for case .joined(let ticket) in missed { ticket.sink.finish(throwing: Self.closed) }
    }

    fileprivate static let closed = EngineError(.closed, "the engine takes no more requests")
}

/// Requests that joined a ``SharedSession``.
public struct JoinedRequests: Sendable {
    /// What happens to their samples; ``SampleID/request`` is the place in the list that joined. For one reader.
    public let events: AsyncThrowingStream<SamplingEvent, any Error>
    fileprivate let id: Int
    fileprivate let desk: Desk

    /// Ends one sample; events that are on their way still come.
    public func stop(_ sample: SampleID) { desk.tell(.stopped(id, sample)) }
}

/// Requests of one task.
private struct Ticket {
    let id: Int
    let requests: [CompletionRequest]
    let sink: AsyncThrowingStream<SamplingEvent, any Error>.Continuation
    let deadline: ContinuousClock.Instant?
    /// Those that have not ended.
    var samples: Int
    /// Numbers of the requests in the session.
    var ids: [Int] = []
}

/// Where tasks leave messages for the loop.
private final class Desk: Sendable {
    enum News {
        case joined(Ticket)
        case left(Int)
        case stopped(Int, SampleID)
    }

    struct State {
        var load = SharedSession.Load()
        var sampledTokens = 0
        var count = 0
        var news: [News] = []
        var isClosed = false
        /// When all that is left ends.
        var closing: ContinuousClock.Instant?
    }

    let waitingLimit: Int
    let bell: AsyncStream<Void>.Continuation
    let state = Mutex(State())

    init(waitingLimit: Int, bell: AsyncStream<Void>.Continuation) {
        self.waitingLimit = waitingLimit
        self.bell = bell
    }

    func tell(_ news: News) {
        state.withLock { $0.news.append(news) }
        bell.yield()
    }
}

/// Passes of a session, and whose events they give.
private struct SessionLoop {
    private let desk: Desk
    private let open: @Sendable () -> any SamplingSession
    private var session: any SamplingSession
    private var tickets: [Int: Ticket] = [:]
    /// The ticket of each request of the session, and its place there.
    private var owners: [Int: (ticket: Int, place: Int)] = [:]
    /// Samples that have a token and have not ended.
    private var running: Set<SampleID> = []
    private var sampledTokens = 0

    init(_ desk: Desk, _ open: @escaping @Sendable () -> any SamplingSession) {
        self.desk = desk
        self.open = open
        session = open()
    }

    /// Computes until nothing is left.
    mutating func run() async {
        while true {
            let (news, closing) = desk.state.withLock { state in
                defer { state.news = [] }
                return (state.news, state.closing)
            }
            for item in news { receive(item) }
            endLate(closing)
            guard !tickets.isEmpty else { return publish() }
            do {
                let events = try await session.advance()
                for event in events { count(event) }
                // Before the events: whoever reads the end of an answer finds it in the load. `end` does the same.
                publish()
                for event in events { deliver(event) }
                for (id, ticket) in tickets where ticket.samples == 0 { end(id, nil) }
            } catch {
                for id in tickets.keys.sorted() { end(id, error) }
                session = open()
            }
            publish()
        }
    }

    private mutating func receive(_ news: Desk.News) {
        switch news {
        case .joined(var ticket):
            let id = ticket.id
            do {
                for (place, request) in ticket.requests.enumerated() {
                    let number = try session.add(request)
                    owners[number] = (id, place)
                    ticket.ids.append(number)
                }
                tickets[id] = ticket
                if ticket.samples == 0 { end(id, nil) }
            } catch {
                tickets[id] = ticket
                end(id, error)
            }
        case .left(let id): end(id, nil)
        case .stopped(let id, let sample):
            guard let ticket = tickets[id], ticket.ids.indices.contains(sample.request) else { return }
            let place = SampleID(request: ticket.ids[sample.request], sample: sample.sample)
            guard session.stop(place) != nil else { return }
            ended(place, of: id)
            if tickets[id]?.samples == 0 { end(id, nil) }
        }
    }

    private mutating func endLate(_ closing: ContinuousClock.Instant?) {
        let now = ContinuousClock.now
        for (id, ticket) in tickets {
            if let deadline = ticket.deadline, now >= deadline {
                end(id, EngineError(.timedOut, "the request was not complete in time"))
            } else if let closing, now >= closing {
                end(id, SharedSession.closed)
            }
        }
    }

    private mutating func count(_ event: SamplingEvent) {
        guard let id = owners[event.sample.request]?.ticket else { return }
        switch event {
        case .began, .prompt: break
        case .token:
            running.insert(event.sample)
            sampledTokens += 1
        case .finished, .failed: ended(event.sample, of: id)
        }
    }

    private func deliver(_ event: SamplingEvent) {
        guard let (id, place) = owners[event.sample.request], let sink = tickets[id]?.sink else { return }
        let sample = SampleID(request: place, sample: event.sample.sample)
        switch event {
        case .began(_, let tokens): sink.yield(.began(sample, tokens: tokens))
        case .prompt(_, let tokens): sink.yield(.prompt(sample, tokens))
        case .token(_, let chosen, let alternatives): sink.yield(.token(sample, chosen, alternatives: alternatives))
        case .finished(_, let completion): sink.yield(.finished(sample, completion))
        case .failed(_, let error): sink.yield(.failed(sample, error))
        }
    }

    private mutating func ended(_ sample: SampleID, of id: Int) {
        running.remove(sample)
        tickets[id]?.samples -= 1
    }

    /// Ends a ticket and what is left of its requests.
    private mutating func end(_ id: Int, _ error: (any Error)?) {
        guard let ticket = tickets.removeValue(forKey: id) else { return }
        for number in ticket.ids {
            session.cancel(number)
            owners[number] = nil
        }
        let ids = Set(ticket.ids)
        running = running.filter { !ids.contains($0.request) }
        publish()
        ticket.sink.finish(throwing: error)
    }

    private func publish() {
        let joined = tickets.values.reduce(0) { $0 + $1.samples }
        desk.state.withLock { state in
            let arriving = state.news.reduce(0) { sum, news in
                if case .joined(let ticket) = news { sum + ticket.samples } else { sum }
            }
            state.sampledTokens = sampledTokens
            state.load = SharedSession.Load(running: running.count, waiting: joined - running.count + arriving)
        }
    }
}
