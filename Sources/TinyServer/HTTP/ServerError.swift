internal import TinyAdapter
internal import TinyEngine
public import TinyFoundation
internal import TinyProblems
internal import TinyRuns

/// Why a request has no answer; its client is told in OpenAI's form, and the server goes on.
public typealias ServerError = CodedError<ServerErrorCode>

/// The codes of ``ServerError``, as clients see them.
public enum ServerErrorCode: String, Sendable {
    /// The body, or a value in it, cannot be used.
    case invalidRequest = "invalid_request"
    /// The server does not do what a value asks for.
    case unsupported = "unsupported_parameter"
    /// The token is missing or wrong.
    case unauthorised = "invalid_api_key"
    /// The request comes from a web page or for a host that is not allowed.
    case forbidden = "forbidden"
    /// There is no such model or adapter.
    case unknownModel = "model_not_found"
    /// There is no such path.
    case unknownPath = "not_found"
    /// The path has other methods.
    case wrongMethod = "method_not_allowed"
    /// The body is larger than the limit.
    case tooLarge = "request_too_large"
    /// Too many requests wait.
    case busy = "queue_full"
    /// The client went away, so that nobody reads this.
    case givenUp = "client_closed_request"
    /// The answer was not complete in time.
    case timedOut = "timeout"
    /// The server is being stopped.
    case stopping = "server_stopping"
    /// Something else went wrong here.
    case failed = "server_error"

    /// The HTTP status.
    var status: Int {
        switch self {
        case .invalidRequest, .unsupported: 400
        case .unauthorised: 401
        case .forbidden: 403
        case .unknownModel, .unknownPath: 404
        case .wrongMethod: 405
        case .tooLarge: 413
        case .busy: 429
        case .givenUp: 499  // nginx has it
        case .timedOut: 504
        case .stopping: 503
        case .failed: 500
        }
    }

    /// OpenAI's `type`.
    fileprivate var type: String {
        switch self {
        case .unauthorised: "authentication_error"
        case .forbidden: "permission_error"
        case .busy: "rate_limit_error"
        case .timedOut, .stopping, .failed: "server_error"
        default: "invalid_request_error"
        }
    }
}

extension ServerError {
    /// What another target's error means to a client.
    package init(_ error: any Error) {
        switch error {
        case let error as ServerError: self = error
        case let error as EngineError:
            switch error.code {
            case .busy: self.init(.busy, error)
            case .timedOut: self.init(.timedOut, error)
            case .closed: self.init(.stopping, "the server is being stopped")
            default: self.init(.invalidRequest, error)
            }
        case let error as AdapterError:
            self.init(error.code == .inputOutput ? .unknownModel : .invalidRequest, error)
        case let error as FileError where error.code == .malformedFile: self.init(.invalidRequest, error)
        case let error as ProblemError: self.init(.invalidRequest, error)
        case let error as any ExplainedError:
            self.init(.failed, error.message, hint: error.hint, underlying: error)
        default: self.init(.failed, "\(error)")
        }
    }

    /// OpenAI's form of an error.
    var json: JSONValue {
        [
            "error": [
                "message": .string(hint.map { "\(message); \($0)" } ?? message), "type": .string(code.type),
                "param": nil, "code": .string(code.rawValue),
            ]
        ]
    }

    /// The answer to the request.
    package var response: ServerResponse {
        var response = ServerResponse.json(json, status: code.status)
        if code == .busy || code == .stopping { response.headers["retry-after"] = "1" }
        if code == .unauthorised { response.headers["www-authenticate"] = "Bearer" }
        return response
    }
}
