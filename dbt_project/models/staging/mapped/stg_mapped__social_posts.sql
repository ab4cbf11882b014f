{{ mapped_entity('social_posts') }}
