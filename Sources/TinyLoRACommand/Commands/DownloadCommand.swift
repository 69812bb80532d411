import ArgumentParser
import Foundation
import Synchronization
import TinyFoundation
import TinyLoRA

/// Models and problem sets from the network.
struct DownloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download",
        abstract: "Fetches models from a hub and published problem sets.",
        discussion: """
            A model is named as on the hub, owner/name. What this program reads of it goes into the cache of Hugging Face's \
            tools, checked by size and checksum; --model owner/name then finds it. An interrupted download continues where \
            it was. The usual variables are read: HF_ENDPOINT (address of the hub), HF_TOKEN (for gated and private models), \
            HF_HOME and HF_HUB_CACHE (the cache), HF_HUB_OFFLINE (fetch nothing).

            Problem sets, as files in --data: \(setNames).

            EXAMPLES
              tinylora download Qwen/Qwen2.5-0.5B-Instruct
              tinylora download bartowski/Qwen2.5-0.5B-Instruct-GGUF --file Qwen2.5-0.5B-Instruct-Q4_K_M.gguf
              tinylora download gsm8k math500 --data data
            """)

    @Argument(help: "Models, owner/name, or problem sets.")
    var names: [String]
    @Option(parsing: .unconditional, help: "Branch, tag or commit of a model.")
    var revision = "main"
    @Option(help: ArgumentHelp("Only this file of a model; may be repeated.", valueName: "path"), transform: path)
    var file: [String] = []
    @Option(
        help: ArgumentHelp("Only the files of a model that match; may be repeated.", valueName: "pattern"),
        transform: path)
    var include: [String] = []
    @Option(help: ArgumentHelp("Directory for problem sets (default: data).", valueName: "dir"), transform: path)
    var data = "data"
    @Flag(help: "Print the result as JSON.")
    var json = false

    private static let sets = Benchmark.registry.benchmarks.filter { !$0.published.isEmpty }
    private static let setNames = sets.map(\.name).joined(separator: ", ")

    /// What a name stands for.
    private enum Item {
        case model(RepositoryName)
        case set(Benchmark)

        init(_ name: String) throws {
            if let set = sets.first(where: { $0.name == name }) {
                self = .set(set)
            } else if let repository = RepositoryName(name) {
                self = .model(repository)
            } else {
                let nearest = nearestName(to: name, in: sets.map(\.name)).map { "; did you mean \($0)?" } ?? ""
                throw ValidationError(
                    "\"\(name)\" is neither a model, owner/name, nor one of the problem sets \(setNames)\(nearest)")
            }
        }
    }

    func validate() throws {
        guard file.isEmpty || include.isEmpty else { throw ValidationError("give either --file or --include") }
        for name in names {
            if case .set = try Item(name), !file.isEmpty || !include.isEmpty || revision != "main" {
                throw ValidationError("--file, --include and --revision are for models, \(name) is a problem set")
            }
        }
    }

    func run() async throws {
        let console = Console(json: json)
        let hub = Hub(try HubSettings())
        var downloads: [Download] = []
        for name in names {
            let progress = DownloadProgress(console)
            switch try Item(name) {
            case .model(let repository):
                let choice: ModelFiles =
                    if !file.isEmpty { .named(file) } else { include.isEmpty ? .model : .matching(include) }
                let snapshot = try await hub.download(
                    repository, revision: revision, choosing: choice.chosen, report: progress.receive)
                downloads.append(
                    Download(name: name, path: snapshot.path, commit: snapshot.commit, files: snapshot.files))
            case .set(let set):
                let files = try await hub.download(set, into: data, report: progress.receive)
                downloads.append(Download(name: name, path: set.path(below: data), commit: nil, files: files))
            }
            if let download = downloads.last { show(download, console) }
        }
        try console.result(["downloads": downloads])
    }

    private func show(_ download: Download, _ console: Console) {
        let fetched = download.files.filter(\.isNew)
        func size(_ files: [HubSnapshot.File]) -> String { bytes(files.reduce(0) { $0 + $1.byteCount }) }
        console.say("name       \(download.name)")
        if let commit = download.commit { console.say("revision   \(revision) · commit \(commit)") }
        console.say("files      \(download.files.count) of \(size(download.files))")
        console.say("fetched    \(fetched.count) of \(size(fetched))")
        console.say("path       \(download.path)")
    }

    /// One name's result.
    private struct Download: Encodable {
        let name: String
        let path: String
        let commit: String?
        let files: [HubSnapshot.File]
    }
}

/// Shows how far a download is.
private final class DownloadProgress: Sendable {
    private let console: Console
    private let state = Mutex(State())

    private struct State {
        var total = 0
        var start: Start?
    }

    /// When the first bytes came, and how many there were before them.
    private struct Start {
        let time: ContinuousClock.Instant
        let done: Int
    }

    init(_ console: Console) { self.console = console }

    @Sendable func receive(_ event: DownloadEvent) {
        switch event {
        case .listed(let files, let total, let all):
            state.withLock { $0.total = total }
            console.note("files      \(files) of \(all) · \(bytes(total))")
        case .retry(let text): console.note("note       \(text)")
        case .progress(let file, let done):
            let (start, total) = state.withLock { state -> (Start, Int) in
                let start = state.start ?? Start(time: .now, done: done)
                state.start = start
                return (start, state.total)
            }
            console.progress(line(file, done, of: total, since: start))
        }
    }

    private func line(_ file: String, _ done: Int, of total: Int, since start: Start) -> String {
        let seconds = (ContinuousClock.now - start.time) / .seconds(1)
        let rate = seconds > 0 ? Double(done - start.done) / seconds : 0
        let left = rate > 0 ? clockTime(Double(total - done) / rate) : "unknown"
        return "           \(bytes(done)) of \(bytes(total)) · \(bytes(Int(rate)))/s · \(left) left · \(file)"
    }
}
