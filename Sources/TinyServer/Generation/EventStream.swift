internal import TinyFoundation

/// Server-sent events of a generation: its chunks, then `[DONE]`, or an event with the error that ended it.
actor EventStream {
    private let generation: Generation
    private let writer: AnswerWriter
    private let metrics: Metrics
    private var due: [[UInt8]]
    private var isOver = false

    init(_ generation: Generation, _ writer: AnswerWriter, _ metrics: Metrics) {
        self.generation = generation
        self.writer = writer
        self.metrics = metrics
        due = writer.opening.map(Self.event)
    }

    deinit {
        // Nobody reads any more.
        if !isOver { metrics.add(broken: .givenUp) }
    }

    /// The response that reads this stream.
    nonisolated var response: ServerResponse {
        ServerResponse(
            headers: ["content-type": "text/event-stream", "cache-control": "no-store"],
            body: .stream(AsyncStream { await self.next() }))
    }

    private func next() async -> [UInt8]? {
        while due.isEmpty, !isOver {
            do throws(ServerError) {
                guard let piece = try await generation.next() else {
                    isOver = true
                    if let usage = writer.usageChunk(await generation.tokenCount) { due.append(Self.event(usage)) }
                    due.append(Array("data: [DONE]\n\n".utf8))
                    break
                }
                if let chunk = writer.chunk(piece) { due.append(Self.event(chunk)) }
            } catch {
                isOver = true
                metrics.add(broken: error.code)
                due.append(Self.event(error.json))
            }
        }
        return due.isEmpty ? nil : due.removeFirst()
    }

    private static func event(_ value: JSONValue) -> [UInt8] {
        Array("data: ".utf8) + value.compactText + Array("\n\n".utf8)
    }
}
