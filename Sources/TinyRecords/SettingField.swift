import TinyFoundation

/// A key of a settings file, whatever its name.
struct SettingKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// One setting: its key in a file, and how its value is read into a configuration and written.
///
/// The table of these, ``TrainingConfiguration/fields``, is the only place that pairs keys with properties. Reading (a missing
/// key keeps its default, an unknown one is an error), complete writing (an absent value is written as `null`) and naming a
/// difference follow from it.
struct SettingField: Sendable {
    /// Where a value is in a configuration.
    typealias Property<Value> = any WritableKeyPath<TrainingConfiguration, Value> & Sendable

    let name: String
    let read: @Sendable (KeyedDecodingContainer<SettingKey>, SettingKey, inout TrainingConfiguration) throws -> Void
    let write: @Sendable (TrainingConfiguration, inout KeyedEncodingContainer<SettingKey>, SettingKey) throws -> Void
    /// The value as text; `null` where it is absent.
    let describe: @Sendable (TrainingConfiguration) -> String

    var key: SettingKey { SettingKey(stringValue: name) }

    /// Pairs a key with a property.
    init<Value: Codable & Sendable>(_ name: String, _ property: Property<Value>) {
        self.name = name
        read = { container, key, settings in settings[keyPath: property] = try container.decode(Value.self, forKey: key)
        }
        write = { settings, container, key in try container.encode(settings[keyPath: property], forKey: key) }
        describe = { settings in
            let value = settings[keyPath: property]
            guard let optional = value as? any OptionalValue else { return "\(value)" }
            return optional.content.map { "\($0)" } ?? "null"
        }
    }

    /// Pairs a key with a property that has a few named values. The error for another value suggests the nearest name.
    ///
    /// - Parameter choices: The allowed values.
    init<Choice>(
        choice name: String, _ property: Property<Choice>, among choices: [Choice] = Array(Choice.allCases)
    ) where Choice: RawRepresentable<String> & CaseIterable & Codable & Sendable {
        self.name = name
        read = { container, key, settings in
            settings[keyPath: property] = try choice(container, key, among: choices)
        }
        write = { settings, container, key in try container.encode(settings[keyPath: property], forKey: key) }
        describe = { settings in settings[keyPath: property].rawValue }
    }

    /// The same for a property that may be absent.
    init<Choice>(choice name: String, _ property: Property<Choice?>)
    where Choice: RawRepresentable<String> & CaseIterable & Codable & Sendable {
        self.name = name
        read = { container, key, settings in
            settings[keyPath: property] =
                try container.decodeNil(forKey: key) ? nil : choice(container, key, among: Array(Choice.allCases))
        }
        write = { settings, container, key in try container.encode(settings[keyPath: property], forKey: key) }
        describe = { settings in settings[keyPath: property]?.rawValue ?? "null" }
    }
}

private func choice<Choice: RawRepresentable<String>>(
    _ container: KeyedDecodingContainer<SettingKey>, _ key: SettingKey, among choices: [Choice]
) throws -> Choice {
    let text = try container.decode(String.self, forKey: key), names = choices.map(\.rawValue)
    guard let choice = choices.first(where: { $0.rawValue == text }) else {
        throw RecordsError(
            .invalidValue,
            "\(key.stringValue) is \"\(text)\", expected one of \(names.joined(separator: ", "))",
            hint: nearestName(to: text, in: names).map { "did you mean \"\($0)\"?" })
    }
    return choice
}

private protocol OptionalValue {
    var content: Any? { get }
}

extension Optional: OptionalValue {
    var content: Any? { self }
}
