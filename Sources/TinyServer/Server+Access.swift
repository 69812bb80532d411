internal import TinyFoundation

// Who may ask.
extension Server {
    /// Refuses a wrong token. Takes the same time wherever a wrong one differs.
    func checkToken(_ request: ServerRequest) throws(ServerError) {
        guard let token = settings.token else { return }
        // The scheme may be in any case, the token not.
        let header = request.headers["authorization"] ?? "", scheme = "bearer "
        let isBearer = header.prefix(scheme.count).lowercased() == scheme
        let given = Array((isBearer ? String(header.dropFirst(scheme.count)) : "").utf8), wanted = Array(token.utf8)
        var difference = UInt8(given.count == wanted.count ? 0 : 1)
        for (index, byte) in wanted.enumerated() { difference |= byte ^ (index < given.count ? given[index] : 0) }
        guard difference == 0 else {
            throw ServerError(.unauthorised, "the bearer token is missing or wrong")
        }
    }

    /// Refuses requests of web pages from elsewhere, which a browser sends without asking the user. Without a token, requests
    /// must also name this machine, so that a foreign name that leads here does not pass for it.
    func checkOrigin(_ request: ServerRequest) throws(ServerError) {
        let host = request.headers["host"]
        if settings.token == nil, let host, !isLoopbackHost(hostName(host)) {
            throw ServerError(
                .forbidden, "the host \(host.prefix(100)) is not this machine; other names need a server with a token")
        }
        guard let origin = request.headers["origin"] else { return }
        guard settings.origins.contains(origin) || host.map({ isOwn(origin, of: $0) }) == true else {
            throw ServerError(
                .forbidden, "pages of \(origin.prefix(100)) may not use this server",
                hint: "start it with --allow-origin \(origin.prefix(100))")
        }
    }

    /// Whether a page comes from this server: by HTTP, or through a proxy with TLS, which a server that others reach is behind.
    private func isOwn(_ origin: String, of host: String) -> Bool {
        origin == "http://\(host)" || settings.token != nil && origin == "https://\(host)"
    }

    /// Lets a browser show the answer to a page that may have it.
    func allowOrigin(of request: ServerRequest, in response: inout ServerResponse) {
        guard let origin = request.headers["origin"], settings.origins.contains(origin) else { return }
        response.headers["access-control-allow-origin"] = origin
        response.headers["vary"] = "origin"
        guard request.method == "OPTIONS" else { return }
        response.headers["access-control-allow-methods"] = "GET, POST"
        // Clients in a page have headers of their own, such as x-stainless-lang of OpenAI's, which mean nothing here.
        response.headers["access-control-allow-headers"] =
            request.headers["access-control-request-headers"] ?? "authorization, content-type"
        response.headers["vary"] = "origin, access-control-request-headers"
        response.headers["access-control-max-age"] = "600"
    }
}

/// The host of `host:port` or `[address]:port`.
private func hostName(_ host: String) -> String {
    if host.hasPrefix("[") { return String(host.dropFirst().prefix { $0 != "]" }) }
    return String(host.prefix { $0 != ":" })
}

/// Whether a name or address is that of the loopback interface, which other machines cannot reach.
public func isLoopbackHost(_ host: String) -> Bool {
    let name = host.lowercased()
    return name == "localhost" || name == "::1"
        || name.hasPrefix("127.") && name.allSatisfy { $0.isNumber || $0 == "." }
}
