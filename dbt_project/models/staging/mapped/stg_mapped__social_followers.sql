{{ mapped_entity('social_followers') }}
