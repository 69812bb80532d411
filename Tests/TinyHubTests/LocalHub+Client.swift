import TinyHub
import TinyTestSupport

extension LocalHub {
    /// A client of this hub that does not wait long.
    func client(
        cache: String, token: String? = nil, isOffline: Bool = false, change: (inout HubSettings) -> Void = { _ in }
    ) throws -> Hub {
        var settings = try HubSettings(endpoint: server.endpoint, token: token, cache: cache, isOffline: isOffline)
        settings.retries.attempts = 3
        settings.retries.firstDelay = .milliseconds(1)
        settings.retries.longestDelay = .milliseconds(20)
        settings.retries.silence = .seconds(20)
        change(&settings)
        return Hub(settings)
    }
}

let model = RepositoryName("org/model")!
