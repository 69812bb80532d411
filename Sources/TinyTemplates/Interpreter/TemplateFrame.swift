/// Names and their values in one scope. A name that is not here is looked for in the scope around.
final class TemplateFrame {
    let parent: TemplateFrame?
    private var values: [String: TemplateObject] = [:]

    init(inside parent: TemplateFrame?) {
        self.parent = parent
    }

    subscript(name: String) -> TemplateObject? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// The value of a name here or in the nearest scope around that has it.
    func find(_ name: String) -> TemplateObject? {
        var frame: TemplateFrame? = self
        while let current = frame {
            if let value = current.values[name] { return value }
            frame = current.parent
        }
        return nil
    }

    /// Drops everything, so that what refers back to the frame can be freed.
    func clear() { values = [:] }
}

/// What a rendering may still use. Whatever a template does takes from it, so that none runs for ever or fills the
/// memory.
final class TemplateBudget {
    private let limits: ChatTemplate.Limits
    private var steps: Int
    private var bytes: Int

    init(_ limits: ChatTemplate.Limits) {
        self.limits = limits
        steps = limits.steps
        bytes = limits.bytes
    }

    /// Takes some steps; one is about the evaluation of a name.
    @inline(__always)
    func spend(_ count: Int) throws {
        steps -= min(count, limits.steps)
        if steps < 0 { throw exhausted() }
    }

    /// Takes room for a text or list of so many bytes, before it is made.
    func build(_ count: Int) throws {
        guard count <= bytes else {
            throw TemplateError(
                .limitExceeded, "the template builds more than \(limits.bytes) bytes of text and lists",
                hint: "a larger ChatTemplate.Limits.bytes allows it")
        }
        bytes -= count
        try spend(count / 32)
    }

    /// Takes room for `count` pieces of `size` bytes.
    func build(_ count: Int, times size: Int) throws {
        let (total, overflow) = max(count, 0).multipliedReportingOverflow(by: max(size, 0))
        try build(overflow ? .max : total)
    }

    @inline(never)
    private func exhausted() -> TemplateError {
        TemplateError(
            .limitExceeded, "the template takes more than \(limits.steps) steps",
            hint: "a larger ChatTemplate.Limits.steps allows it")
    }
}
